"""The canonical layout, case by case: what a text becomes."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from bsnc.diagnostics import Diagnosed, Source
from bsnc.syntax import format_source, parse_spec, print_spec

ROOT = Path(__file__).parents[2]


def formatted(text: str) -> str:
    return format_source(Source("a.bsn", text))


def check(before: str, after: str) -> None:
    """`before` becomes `after`, which means the same and stays."""
    before, after = dedent(before).lstrip("\n"), dedent(after).lstrip("\n")
    assert formatted(before) == after
    assert formatted(after) == after
    assert parse_spec(Source("b", before)) == parse_spec(Source("a", after))


EXPRESSIONS = [
    ("(1+2)*3", "(1 + 2) * 3"),
    ("(1*2)+3", "1 * 2 + 3"),
    ("1-(2-3)", "1 - (2 - 3)"),
    ("((a))", "a"),
    ("-(2^2)", "-2^2"),
    ("(-2)^2", "(-2)^2"),
    ("2^(3^2)", "2^3^2"),
    ("(2^3)^2", "(2^3)^2"),
    ("2 ^ (s+1)", "2^(s+1)"),
    ("h[ i - 1 , 2*j ]", "h[i-1, 2*j]"),
    ("h[i%2]", "h[i % 2]"),
    ("h[5 % 3]", "h[5 % 3]"),
    ("0 .. n - 1", "0..n-1"),
    ("not(a and b)or c", "not (a and b) or c"),
    ("(not a)and b", "not a and b"),
    ("a==(b<c)", "a == (b < c)"),
    ("(a if b else c) if d else e", "(a if b else c) if d else e"),
    ("a if b else (c if d else e)", "a if b else c if d else e"),
    ("(a|b) if c else d", "a | b if c else d"),
    ("(a if b else c)|d", "(a if b else c) | d"),
    ("a|(b|c)", "a | (b | c)"),
    ("(a|b)repeat 3", "(a | b) repeat 3"),
    ("a|(b repeat 3)", "a | b repeat 3"),
    ("f(a,(b),c=1,)", "f(a, b, c = 1)"),
    ("[1,2,]", "[1, 2]"),
    ("[ ]", "[]"),
    ("(f(1))[0]", "f(1)[0]"),
    ("1_000", "1_000"),
    ("1.50e-03k", "1.50e-03k"),
    ('extern"a:B"( )with( )', 'extern "a:B"()'),
    ('extern "a:B"(x=1) with (flops=1k)', 'extern "a:B"(x = 1) with (flops = 1k)'),
]


@pytest.mark.parametrize(("before", "after"), EXPRESSIONS)
def test_expressions(before: str, after: str) -> None:
    check(f"let x = {before}", f"let x = {after}\n")


PARAMETERS = [
    ("c in(1..65)", "c in 1..65"),
    ("c in 1 .. n - 1 = 3", "c in 1..n-1 = 3"),
    ("c in 1 .. = 3", "c in 1.. = 3"),
    ("c in((1)) ..", "c in 1.."),
    ("c in [1,2,]=2", "c in [1, 2] = 2"),
    ("c in (a if b else d)", "c in (a if b else d)"),
    ("c:list[int]=[ ]", "c: list[int] = []"),
]


@pytest.mark.parametrize(("before", "after"), PARAMETERS)
def test_parameters(before: str, after: str) -> None:
    check(f"block b({before},) = relu", f"block b({after}) = relu\n")


def test_the_least_of_specs() -> None:
    assert formatted("") == ""
    assert formatted("\n \t\n") == ""
    assert formatted("# only this") == "# only this\n"
    assert formatted("let a=1") == "let a = 1\n"
    assert formatted(";;let a=1;;let b=2;") == "let a = 1\nlet b = 2\n"


def test_line_ends_tabs_and_trailing_blanks() -> None:
    assert formatted("let a = 1 \t\r\n\r\n\r\n\r\n\tlet b = 2  # c  \r\n") == "let a = 1\n\nlet b = 2  # c\n"


def test_bodies_stay_on_one_line_or_are_broken_out_as_written() -> None:
    check(
        """
        cell a { node x;node y
        }
        cell b { node x;node y;if c{gate z}else{} }
        cell c {

          for i in 0..2 { edge x->y:m;edge y->z:m }

        }
        """,
        """
        cell a {
          node x
          node y
        }
        cell b { node x ; node y ; if c { gate z } }
        cell c {
          for i in 0..2 { edge x -> y : m ; edge y -> z : m }
        }
        """,
    )


def test_a_body_that_does_not_fit_is_broken_out() -> None:
    edge = f"edge {'a' * 40} -> {'b' * 40} : {'c' * 20}"
    check(f"cell c {{ {edge} ; node y }}\n", f"cell c {{\n  {edge}\n  node y\n}}\n")


def test_empty_bodies() -> None:
    check("cell c {\n\n}\nsearch{}\n", "cell c {}\nsearch {}\n")
    check("cell c { # why\n}\n", "cell c {  # why\n}\n")
    check("cell c {\n\n  # why\n\n}\n", "cell c {\n  # why\n}\n")


def test_else() -> None:
    check(
        """
        cell c {
          if a { node x }
          else { if b { node y }
            else { node z } }
        }
        """,
        """
        cell c {
          if a { node x } else if b { node y } else { node z }
        }
        """,
    )
    check(
        """
        cell c {
          if a {
            node x } # not a
          else  # really
          {
            node z # z
          } # end
        }
        """,
        """
        cell c {
          if a {
            node x
            # not a
          } else {  # really
            node z  # z
          }  # end
        }
        """,
    )


def test_choices() -> None:
    check(
        """
        cell c {
          edge a->b : choice@g[i,j]{none;identity;conv(8,3);}
          edge a->b : choice { # which
            none ; # nothing
            for k in [1,3]{conv(8,k);
            }
            if wide { conv(8, 5) }
            # nor this
          }
        }
        """,
        """
        cell c {
          edge a -> b : choice @ g[i, j] { none; identity; conv(8, 3) }
          edge a -> b : choice {  # which
            none;  # nothing
            for k in [1, 3] {
              conv(8, k);
            }
            if wide { conv(8, 5) }
            # nor this
          }
        }
        """,
    )


def test_comments_stay_where_they_are() -> None:
    check(
        """
        # first


        # second
        let a = 1   # behind
        # above

        block b(c, # channels
          k) = conv(
          # how many
          c, k # how large
          , # whatever
          stride = 2
          # the last
        ) # end
        | relu   # why
        # what
        | batch_norm

        # end of file
        """,
        """
        # first

        # second
        let a = 1  # behind
        # above

        block b(
          c,  # channels
          k,
        ) = conv(
          # how many
          c,
          k,  # how large
          # whatever
          stride = 2,
          # the last
        )  # end
          | relu  # why
          # what
          | batch_norm

        # end of file
        """,
    )


def test_a_comment_amid_an_expression_moves_above_it() -> None:
    check(
        """
        let a = 1

        let b = (x # then
          if c # condition
          else y)
        """,
        """
        let a = 1

        # then
        # condition
        let b = x if c else y
        """,
    )


def test_columns_that_are_aligned_stay_aligned() -> None:
    check(
        """
        block a     = relu   # one
        block b(cc) = relu | relu   # two
        block d = relu
        budget flops   <= 1M
        budget params  <= 1k
        search   { init = 95% }
        data     { }
        """,
        """
        block a     = relu  # one
        block b(cc) = relu | relu  # two
        block d = relu
        budget flops  <= 1M
        budget params <= 1k
        search { init = 95% }
        data   {}
        """,
    )
    check("let a = 1      # one\nlet bb = 22    # two\n", "let a = 1    # one\nlet bb = 22  # two\n")


def test_long_pipes_break_at_their_bars() -> None:
    stage = "convolution(channels, kernel, stride = 2)"
    text = f"block b = {stage} | {stage} | {stage}\n"
    assert formatted(text) == f"block b = {stage}\n  | {stage}\n  | {stage}\n"


def test_long_arguments_break_at_their_commas() -> None:
    arguments = ", ".join(f"argument_number_{i} = {i}" for i in range(6))
    tidy = formatted(f"train {{ optimizer = sgd({arguments}) }}\n")
    assert tidy.startswith("train {\n  optimizer = sgd(\n    argument_number_0") and tidy.endswith(",\n  )\n}\n")


def test_long_conditionals_break_behind_else() -> None:
    long = "name_" * 12
    tidy = formatted(f"let x = {long} if {long} else {long} if {long} else {long}\n")
    assert tidy == f"let x = {long} if {long} else\n  {long} if {long} else\n  {long}\n"


def test_syntax_errors_are_diagnosed() -> None:
    with pytest.raises(Diagnosed, match="unexpected"):
        formatted("let = 3")


def test_a_tree_without_a_source_is_spaced_by_kind() -> None:
    text = 'import "a"\nlet a = 1\nlet b = 2\nnetwork n() { node x }\ncell c { node y }\nbudget f <= 1\n'
    assert print_spec(parse_spec(Source("a", text))) == dedent(
        """\
        import "a"

        let a = 1
        let b = 2

        network n() {
          node x
        }

        cell c {
          node y
        }

        budget f <= 1
        """
    )


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.bsn")), ids=lambda p: p.stem)
def test_shipped_specs_are_in_canonical_layout(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


def test_every_golden_that_parses_keeps_its_meaning() -> None:
    texts = [path.read_bytes() for path in sorted((ROOT / "tests" / "golden").rglob("*.bsn"))]
    kept = sum(_keeps_its_meaning(text.decode("utf-8", errors="replace")) for text in texts)
    assert kept > 50


def _keeps_its_meaning(text: str) -> bool:
    try:
        spec = parse_spec(Source("a", text))
    except Diagnosed:
        return False
    tidy = formatted(text)
    assert parse_spec(Source("b", tidy)) == spec
    assert formatted(tidy) == tidy
    return True
