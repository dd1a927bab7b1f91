"""Elements of lists, ranges, and arrays of nodes and gates."""

from __future__ import annotations

from typing import NoReturn

from bsnc.diagnostics import Diagnosed, Diagnostic, SourceSpan
from bsnc.sema.expressions.values import GateArray, GateRef, NodeArray, NodeRef, Value, describe
from bsnc.syntax import ast


def element(value: Value, indices: list[int], expr: ast.Index) -> Value:
    """`value[indices]`. Raises Diagnosed (BSN206, BSN208)."""
    if isinstance(value, (NodeArray, GateArray)):
        name = _name_of(value, indices, expr)
        return NodeRef(name) if isinstance(value, NodeArray) else GateRef(name, value.init)
    if not isinstance(value, (list, range)):
        _fail(f"{describe(value)} cannot be indexed", expr.value.span)
    if len(indices) != 1:
        _fail(f"{describe(value)} takes one index, not {len(indices)}", expr.span)
    _check(indices[0], len(value), "the list", expr.indices[0].span)
    return value[indices[0]]


def _name_of(array: NodeArray | GateArray, indices: list[int], expr: ast.Index) -> str:
    if len(indices) != len(array.extent):
        indexed = ", ".join("0" for _ in array.extent)
        help_text = f"all indices stand in one pair of brackets: `{array.name}[{indexed}]`"
        message = f"`{array.name}` has {len(array.extent)} dimensions, but is indexed with {len(indices)}"
        _fail(message, expr.span, help_text)
    for index, size, part in zip(indices, array.extent, expr.indices, strict=True):
        _check(index, size, f"`{array.name}`", part.span)
    return f"{array.name}[{','.join(map(str, indices))}]"


def _check(index: int, size: int, what: str, span: SourceSpan) -> None:
    if not 0 <= index < size:
        extent = f"has indices 0 to {size - 1} here" if size else "is empty here"
        raise Diagnosed(Diagnostic("BSN208", f"index {index} is outside of {what}, which {extent}", span))


def _fail(message: str, span: SourceSpan, help: str | None = None) -> NoReturn:
    raise Diagnosed(Diagnostic("BSN206", message, span, help=help))
