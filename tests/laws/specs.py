"""Random syntax trees of whole specs, and random texts of the same tree, for Hypothesis."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import strategies as st

from bsnc.diagnostics import Source, SourceSpan
from bsnc.syntax import UNITS, ast

NOWHERE = SourceSpan(Source("made", ""), 0, 0)


def node(kind: Callable[..., ast.Syntax], *fields: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(lambda *values: kind(*values, span=NOWHERE), *fields)


def some(strategy: st.SearchStrategy, least: int = 0, most: int = 3) -> st.SearchStrategy:
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


used = ["a", "h", "search", "data", "max", "of", "with", "ünïcode_2", "a_name_" * 5]
texts = st.sampled_from(used)
identifiers = node(ast.Identifier, st.sampled_from([*used, "input", "output"]))
called = node(ast.Identifier, texts)
keys = node(ast.Identifier, st.sampled_from(["a", "epochs", "ünïcode_2"]))
floats = st.floats(0, 1e300, allow_nan=False)
numbers = node(ast.Number, st.integers(0, 10**20) | st.integers(0, 9) | floats, st.sampled_from(list(UNITS)))
characters = st.characters(exclude_characters='"\n\r', exclude_categories=["Cs"])
strings = node(ast.String, st.text(characters, max_size=12))
leaves = st.one_of(numbers, strings, node(ast.Boolean, st.booleans()), node(ast.Name, texts), node(ast.Name, texts))


def arguments(values: st.SearchStrategy) -> st.SearchStrategy:
    return some(node(ast.Argument, maybe(identifiers), values))


OPERATORS = ["or", "and", "<=", "==", "!=", ">=", "<", ">", "+", "-", "*", "/", "//", "%", "^"]


def compound(parts: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(
        node(ast.ListLiteral, some(parts)),
        node(ast.Unary, st.sampled_from(["-", "not"]), parts),
        node(ast.Binary, st.sampled_from(OPERATORS), parts, parts),
        node(ast.Range, parts, parts),
        node(ast.Conditional, parts, parts, parts),
        node(ast.Pipe, some(parts, least=2)),
        node(ast.Repeat, parts, parts),
        node(ast.Index, parts, some(parts, least=1)),
        node(ast.Call, called, arguments(parts)),
        node(ast.Extern, strings, arguments(parts), arguments(parts)),
    )


expressions = st.recursive(leaves, compound, max_leaves=12)
ends = expressions | node(ast.Name, st.sampled_from(["input", "output"]))
types = node(ast.ParameterType, identifiers, maybe(identifiers))
limits = node(ast.Limits, expressions, st.booleans())
typed_parameters = some(node(ast.Parameter, identifiers, types, maybe(limits), maybe(expressions)))
parameters = some(node(ast.Parameter, identifiers, maybe(types), maybe(limits), maybe(expressions)))
extents = some(expressions, most=2)
bindings = some(node(ast.Binding, identifiers, expressions), least=1, most=2)


def nested(simple: st.SearchStrategy) -> st.SearchStrategy:
    """Statements, with loops and conditions around some of them."""
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            node(ast.For, bindings, some(inner)),
            node(ast.If, expressions, some(inner), some(inner)),
        ),
        max_leaves=6,
    )


options = some(nested(node(ast.Option, expressions)))
choices = node(ast.Choice, maybe(expressions), options)
tensors = node(ast.TensorType, identifiers, some(expressions, least=1))
kinds = st.sampled_from(["input", "output"])
lets = node(ast.Let, identifiers, expressions)
blocks = node(ast.Block, identifiers, parameters, expressions)
simple_statements = st.one_of(
    node(ast.End, kinds, identifiers, tensors),
    node(ast.Port, kinds, expressions),
    lets,
    blocks,
    node(ast.NodeDeclaration, identifiers, extents, maybe(expressions)),
    node(ast.GateDeclaration, identifiers, extents, maybe(expressions)),
    node(ast.EdgeDeclaration, st.booleans(), ends, ends, expressions, maybe(expressions)),
    node(ast.EdgeDeclaration, st.booleans(), ends, ends, choices, st.none()),
)
inner_cells = node(ast.Cell, identifiers, parameters, some(simple_statements, most=2))
statements = nested(simple_statements | inner_cells)
cells = node(ast.Cell, identifiers, parameters, some(statements))
networks = node(ast.Network, identifiers, typed_parameters, some(statements, most=5))
costs = node(ast.CostReference, identifiers, arguments(expressions)) | node(ast.ExternCost, strings)
sections = node(
    ast.Section,
    node(ast.Identifier, st.sampled_from(["search", "train", "data"])),
    some(node(ast.Entry, keys, expressions)),
)
items = st.one_of(
    node(ast.Import, strings),
    lets,
    blocks,
    cells,
    networks,
    networks,
    node(ast.Budget, costs, expressions, st.booleans()),
    sections,
)
specs = node(ast.Spec, some(items, most=4))


# ---- other texts of the same tree ----

COMMENT = re.compile(r'"[^"\n]*"|(#[^\n]*)')
_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:[^\W\d]\w*|%(?![\w(]))?"
_PIECE = re.compile(rf'(\s*)("[^"\n]*"|{_NUMBER}|\w+|\.\.|->|[<>=!]=|//|\S)')
_BLANKS = ["", " ", "  ", "\t"]
_BREAKS = ["\n", "\n\n", "\n \n\n  ", " \r\n", "\f\n", " # one\n", "# two #\n\n", "\n\n#three\n", "\n  # four  \n#\n"]


def comments(text: str) -> list[str]:
    """All comments of a text, sorted, as the multiset that formatting must keep."""
    return sorted(match[1].rstrip() for match in COMMENT.finditer(text) if match[1])


@st.composite
def disarranged(draw: st.DrawFn, text: str) -> str:
    """A printed spec with other blanks, line ends and comments between its words.

    The word `if` keeps its place in the line, where that decides what it means.
    """
    pieces = _PIECE.findall(text)
    wild = draw(st.lists(st.integers(0, 40), min_size=len(pieces), max_size=len(pieces)))
    out = [draw(st.sampled_from(["", "\n", "# first\n", "\n\n# first\n\n"]))]
    for (blank, word), choice in zip(pieces, wild, strict=True):
        out.append(_filler(blank, word, choice) + word)
    return "".join(out) + draw(st.sampled_from(["", "\n", " # last", "\n\n  # last\n\n", "\r\n"]))


def _filler(blank: str, word: str, choice: int) -> str:
    fillers = _BLANKS + _BREAKS
    if choice >= len(fillers) or (word == "if" and choice >= len(_BLANKS)):
        return blank
    if word == "if" and "\n" in blank:
        return "\n" + fillers[choice]
    return fillers[choice] or blank
