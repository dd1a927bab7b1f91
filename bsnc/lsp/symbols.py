"""The outline of a spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bsnc.diagnostics import SourceSpan
from bsnc.lsp.document import Document
from bsnc.lsp.names import children
from bsnc.syntax import ast

Kind = Literal["network", "cell", "block", "let", "node", "gate", "budget", "section", "parameter", "entry"]
_KINDS: dict[type[ast.Syntax], Kind] = {
    ast.Network: "network",
    ast.Cell: "cell",
    ast.Block: "block",
    ast.Let: "let",
    ast.End: "node",
    ast.NodeDeclaration: "node",
    ast.GateDeclaration: "gate",
    ast.Parameter: "parameter",
    ast.Section: "section",
    ast.Entry: "entry",
}


@dataclass(frozen=True)
class Symbol:
    """A declaration in the outline, with those inside of it. `name_span` lies within `span`."""

    name: str
    kind: Kind
    span: SourceSpan
    name_span: SourceSpan
    children: tuple[Symbol, ...] = ()


def symbols(document: Document) -> tuple[Symbol, ...]:
    """The outline, of the last version that parsed; loops and conditions are no level of their own."""
    return () if document.parsed is None else tuple(_inside(document, document.parsed.spec))


def _inside(document: Document, syntax: ast.Syntax) -> Iterator[Symbol]:
    for child in children(syntax):
        kind = _KINDS.get(type(child))
        if isinstance(child, ast.Budget):
            yield _symbol(document, child.cost.span.text, "budget", child, child.cost)
        elif kind is not None:
            name: ast.Identifier = child.key if isinstance(child, ast.Entry) else getattr(child, "name")  # noqa: B009
            yield _symbol(document, name.text, kind, child, name)
        elif isinstance(child, (ast.For, ast.If)):
            yield from _inside(document, child)


def _symbol(document: Document, name: str, kind: Kind, syntax: ast.Syntax, named: ast.Syntax) -> Symbol:
    inner = () if isinstance(syntax, ast.Block) else tuple(_inside(document, syntax))
    return Symbol(name, kind, document.from_parsed(syntax.span), document.from_parsed(named.span), inner)
