"""Names of a spec as text: all that a network declares, and BSN307 for those that no expression uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from bsnc.diagnostics import Diagnostic
from bsnc.syntax import ast

_KINDS: dict[type[ast.Syntax], str] = {
    ast.Parameter: "parameter",
    ast.Block: "block",
    ast.Cell: "cell",
    ast.Let: "name",
    ast.GateDeclaration: "gate",
}


def unused_names(spec: ast.Spec) -> Iterator[Diagnostic]:
    """A warning per name that is declared but occurs in no expression of its network. Textual, so it never warns
    wrongly about a name that only an untaken branch uses. What a file declares outside of networks is for the files
    that import it."""
    for item in spec.items:
        if isinstance(item, (ast.Network, ast.Cell, ast.Block)):
            yield from _unused(item)


def _unused(owner: ast.Network | ast.Cell | ast.Block) -> Iterator[Diagnostic]:
    used = {n.text for n in walk(owner) if isinstance(n, ast.Name)}
    used |= {n.name.text for n in walk(owner) if isinstance(n, ast.Call)}
    for declared in walk(owner):
        if declared is owner or not isinstance(
            declared, (ast.Parameter, ast.Block, ast.Cell, ast.Let, ast.GateDeclaration)
        ):
            continue
        if declared.name.text not in used:
            message = f"{_KINDS[type(declared)]} `{declared.name.text}` is never used"
            yield Diagnostic("BSN307", message, declared.name.span, help="remove it, or use it")


def declarations(body: Sequence[ast.Statement]) -> Iterator[ast.Identifier]:
    """Every name that these statements declare, nested ones included, in the order of the text."""
    named = (ast.End, ast.Let, ast.Block, ast.Cell, ast.NodeDeclaration, ast.GateDeclaration, ast.Binding)
    for syntax in walk(tuple(body)):
        if isinstance(syntax, named):
            yield syntax.name


def walk(syntax: object) -> Iterator[ast.Syntax]:
    stack: list[object] = [syntax]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack += reversed(item)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(item, ast.Syntax):
            yield item
            stack += reversed([getattr(item, f.name) for f in dataclasses.fields(item) if f.name != "span"])
