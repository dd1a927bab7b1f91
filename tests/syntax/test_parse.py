"""Text to AST: shapes of trees, spans, precedence."""

from __future__ import annotations

import pytest

from bsnc.diagnostics import Diagnosed, Source
from bsnc.syntax import ast, parse_expression, parse_spec


def expression(text: str) -> ast.Expr:
    return parse_expression(Source("e", text))


WRITTEN = {
    ast.Number: lambda e: f"{e.value}{e.unit}",
    ast.Name: lambda e: e.text,
    ast.Unary: lambda e: f"({e.operator} {written(e.operand)})",
    ast.Binary: lambda e: f"({written(e.left)} {e.operator} {written(e.right)})",
    ast.Range: lambda e: f"({written(e.start)} .. {written(e.stop)})",
    ast.Conditional: lambda e: f"({written(e.then)} if {written(e.condition)} else {written(e.otherwise)})",
    ast.Pipe: lambda e: f"({' | '.join(map(written, e.stages))})",
    ast.Index: lambda e: f"{written(e.value)}[{', '.join(map(written, e.indices))}]",
    ast.Call: lambda e: f"{e.name.text}({', '.join(written(a.value) for a in e.arguments)})",
}


def written(expr: ast.Expr) -> str:
    """An expression with every operation in parentheses."""
    return WRITTEN[type(expr)](expr)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("8 / 4 // 2 % 3", "(((8 / 4) // 2) % 3)"),
        ("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"),
        ("-2 ^ 2", "(- (2 ^ 2))"),
        ("2 ^ -1", "(2 ^ (- 1))"),
        ("(1 + 2) * 3", "((1 + 2) * 3)"),
        ("1 + 1..n - 1", "((1 + 1) .. (n - 1))"),
        ("1..n == r", "((1 .. n) == r)"),
        ("not a == b and c or d", "(((not (a == b)) and c) or d)"),
        ("a if b else c if d else e", "(a if b else (c if d else e))"),
        ("a | b if c else d | e", "((a | b) if c else (d | e))"),
        ("a or b | c", "((a or b) | c)"),
        ("h[i - 1, j]", "h[(i - 1), j]"),
        ("w[0][1]", "w[0][1]"),
        ("f(1, 2 + 3)", "f(1, (2 + 3))"),
        ("f()", "f()"),
        ("f(1,)", "f(1)"),
        ("50%", "50%"),
        ("5 % 3", "(5 % 3)"),
        ("n%3", "(n % 3)"),
        ("95% * 2", "(95% * 2)"),
        ("40M", "40M"),
        ("1e-3", "0.001"),
        ("1_000_000", "1000000"),
        ("2MiB", "2MiB"),
    ],
)
def test_expressions(text: str, tree: str) -> None:
    assert written(expression(text)) == tree


def test_named_arguments() -> None:
    call = expression("conv(8, kernel = 3)")
    assert isinstance(call, ast.Call)
    assert [a.name.text if a.name else None for a in call.arguments] == [None, "kernel"]


def test_every_node_knows_its_text() -> None:
    pipe = expression("conv(8, 3) | relu")
    assert isinstance(pipe, ast.Pipe)
    assert [stage.span.text for stage in pipe.stages] == ["conv(8, 3)", "relu"]
    assert pipe.span.text == "conv(8, 3) | relu"


SPEC = """
network net(depth: int = 3, widths: list[int] = [16, 32]) {
  input image: float[3, 8, 8] ; output logits: float[10]
  let a = 1 let b = 2
  block unit(c, k = 3) = conv(c, k)
  node h[depth, 2] = sum | relu
  node plain
  for i in 1..depth, j in 0..i { edge h[i-1, j] -> h[i, j] : relu }
  if depth > 1 { node x } else if depth > 2 { node y } else { node z }
  fixed edge image -> logits : flatten | linear(10)
}
budget flops(count = veniat2018) <= 20% of max
budget params <= 3k
train { epochs = 3 batch_size = 8 ; fine_tune = 1 }
"""


def test_a_whole_spec() -> None:
    spec = parse_spec(Source("s", SPEC))
    network, share, absolute, section = spec.items
    assert isinstance(network, ast.Network)
    kinds = [type(statement).__name__ for statement in network.body]
    assert kinds == [
        *("End", "End", "Let", "Let", "Block", "NodeDeclaration", "NodeDeclaration", "For", "If"),
        "EdgeDeclaration",
    ]
    assert [p.name.text for p in network.parameters] == ["depth", "widths"]
    assert network.parameters[1].type.element is not None
    assert isinstance(share, ast.Budget) and share.of_max and share.cost.name.text == "flops"
    assert isinstance(absolute, ast.Budget) and not absolute.of_max
    assert isinstance(section, ast.Section)
    assert [entry.key.text for entry in section.entries] == ["epochs", "batch_size", "fine_tune"]


def test_else_if_is_a_nested_if() -> None:
    network = parse_spec(Source("s", SPEC)).items[0]
    assert isinstance(network, ast.Network)
    statement = network.body[8]
    assert isinstance(statement, ast.If)
    (nested,) = statement.otherwise
    assert isinstance(nested, ast.If) and len(nested.otherwise) == 1


def test_an_if_first_on_its_line_opens_a_statement() -> None:
    lines = ["let a = 1", "if true { node x }", "let b = 1 if a == 1", "  else 2", "let c = (1", "if true else 2)"]
    network = parse_spec(Source("s", "network n() {\n" + "\n".join(lines) + "\n}")).items[0]
    assert isinstance(network, ast.Network)
    let, statement, b, c = network.body
    assert isinstance(let, ast.Let) and isinstance(let.value, ast.Number)
    assert isinstance(statement, ast.If)
    assert isinstance(b, ast.Let) and isinstance(b.value, ast.Conditional)
    assert isinstance(c, ast.Let) and isinstance(c.value, ast.Conditional)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", ";;", "\t \f"])
def test_nothing_is_a_spec_without_items(text: str) -> None:
    assert parse_spec(Source("s", text)).items == ()


@pytest.mark.parametrize("word", ["input", "output", "data", "train", "search", "max", "of", "sum", "conv"])
def test_words_that_may_name_a_node(word: str) -> None:
    spec = parse_spec(Source("s", f"network n() {{ node {word} edge {word} -> {word} : relu }}"))
    assert isinstance(spec.items[0], ast.Network)


@pytest.mark.parametrize("word", ["edge", "for", "if", "not", "true", "network", "let"])
def test_words_that_may_not(word: str) -> None:
    with pytest.raises(Diagnosed) as caught:
        parse_spec(Source("s", f"network n() {{ node {word} }}"))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN101" and diagnostic.span is not None and diagnostic.span.text == word


def test_several_bad_numbers_are_several_errors() -> None:
    with pytest.raises(Diagnosed) as caught:
        parse_spec(Source("s", "budget flops <= 40m budget params <= 3Q"))
    assert [d.span.text for d in caught.value.diagnostics if d.span] == ["40m", "3Q"]


@pytest.mark.parametrize("text", ["0x10", "1_", "1__0", "3if", "1" * 41, "1e400"])
def test_bad_numbers(text: str) -> None:
    with pytest.raises(Diagnosed) as caught:
        expression(text)
    assert [d.code for d in caught.value.diagnostics] == ["BSN102"]


@pytest.mark.parametrize(
    "text",
    ["1 +", "(1", "[1, 2", "f(1", "a b", "1 2", "a == b == c", "1..2..3", "a if b", '"open', "@", "a.b"],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(Diagnosed) as caught:
        expression(text)
    assert [d.code for d in caught.value.diagnostics] == ["BSN101"]
