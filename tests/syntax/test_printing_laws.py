"""Laws of the canonical layout, on random specs of the whole grammar."""

from __future__ import annotations

from hypothesis import given

from bsnc.diagnostics import Source
from bsnc.syntax import ast, format_source, parse_spec, print_spec

from ..laws.specs import comments, disarranged, specs
from ..laws.strategies import law


def parsed(text: str) -> ast.Spec:
    return parse_spec(Source("a.bsn", text))


def formatted(text: str) -> str:
    return format_source(Source("a.bsn", text))


@given(specs)
@law(200)
def test_what_is_printed_parses_to_the_same_tree(spec: ast.Spec) -> None:
    text = print_spec(spec)
    assert parsed(text) == spec
    assert print_spec(parsed(text)) == text


@given(specs)
@law(100)
def test_what_is_printed_is_formatted(spec: ast.Spec) -> None:
    text = print_spec(spec)
    assert formatted(text) == text


@given(specs.flatmap(lambda spec: disarranged(print_spec(spec))))
@law(200)
def test_formatting_keeps_tree_and_comments_and_ends_at_once(text: str) -> None:
    tidy = formatted(text)
    assert parsed(tidy) == parsed(text)
    assert comments(tidy) == comments(text)
    assert formatted(tidy) == tidy
    assert not any(line != line.rstrip(" \t") for line in tidy.split("\n"))
    assert "\n\n\n" not in tidy and not tidy.startswith("\n") and not tidy.endswith("\n\n")
