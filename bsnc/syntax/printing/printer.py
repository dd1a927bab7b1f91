"""The front door: canonical text of an AST, and of a source with its comments."""

from __future__ import annotations

from collections.abc import Sequence

from bsnc.diagnostics import Source
from bsnc.syntax import ast
from bsnc.syntax.parse import deep_recursion, parse_spec
from bsnc.syntax.printing import statements
from bsnc.syntax.printing.comments import settle
from bsnc.syntax.printing.document import Comment, Element, words
from bsnc.syntax.printing.layout import Layout
from bsnc.syntax.printing.lines import align, rendered
from bsnc.syntax.printing.tokens import attach


def print_spec(spec: ast.Spec) -> str:
    """The canonical text of an AST, which may come from anywhere; a parsed one loses its comments and spelling."""
    with deep_recursion():
        return _laid_out(statements.items(spec), [])


def format_source(source: Source) -> str:
    """The canonical text of a spec: same AST, same comments, same spelling of numbers.

    Raises Diagnosed like `parse_spec` where the text is none.
    """
    spec = parse_spec(source)
    with deep_recursion():
        elements = statements.items(spec)
        end = attach((word for element in elements for word in words(element.parts)), source)
        text = _laid_out(elements, settle(elements, end))
        assert parse_spec(Source(source.name, text)) == spec, "formatting changed what the spec says"
    return text


def _laid_out(elements: Sequence[Element], last: Sequence[Comment]) -> str:
    layout = Layout()
    layout.statements(elements, last, 0)
    align(layout.lines)
    return rendered(layout.lines)
