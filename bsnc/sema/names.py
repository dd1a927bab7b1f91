"""Names of a network as text: all that are declared, and BSN307 for those that no expression uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from bsnc.diagnostics import Diagnostic
from bsnc.syntax import ast


def unused_names(network: ast.Network) -> Iterator[Diagnostic]:
    """A warning per name that is declared but occurs in no expression. Textual, so it never warns wrongly
    about a name that only an untaken branch uses."""
    used = {n.text for n in _walk(network) if isinstance(n, ast.Name)}
    used |= {n.name.text for n in _walk(network) if isinstance(n, ast.Call)}
    for declared in _walk(network):
        if isinstance(declared, (ast.Parameter, ast.Block, ast.Let)) and declared.name.text not in used:
            what = {ast.Parameter: "parameter", ast.Block: "block", ast.Let: "name"}[type(declared)]
            message = f"{what} `{declared.name.text}` is never used"
            yield Diagnostic("BSN307", message, declared.name.span, help="remove it, or use it")


def declarations(body: Sequence[ast.Statement]) -> Iterator[ast.Identifier]:
    """Every name that these statements declare, nested ones included, in the order of the text."""
    for syntax in _walk(tuple(body)):
        if isinstance(syntax, (ast.Input, ast.Output, ast.Let, ast.Block, ast.NodeDeclaration, ast.Binding)):
            yield syntax.name


def _walk(syntax: object) -> Iterator[ast.Syntax]:
    stack: list[object] = [syntax]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack += reversed(item)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(item, ast.Syntax):
            yield item
            stack += reversed([getattr(item, f.name) for f in dataclasses.fields(item) if f.name != "span"])
