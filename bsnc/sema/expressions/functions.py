"""The functions that expressions may call: log2, min, max, len."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from bsnc.diagnostics import Diagnosed, Diagnostic, SourceSpan
from bsnc.sema.expressions.values import NodeArray, Scope, Value, describe, is_number
from bsnc.syntax import ast

if TYPE_CHECKING:
    from bsnc.sema.expressions.evaluate import Evaluator


def _values(evaluator: Evaluator, call: ast.Call, scope: Scope, count: int | None) -> list[Value]:
    name = call.name.text
    for argument in call.arguments:
        if argument.name is not None:
            message = f"`{name}` takes no named arguments"
            raise Diagnosed(Diagnostic("BSN205", message, argument.name.span))
    given = len(call.arguments)
    if count is not None and given != count:
        code = "BSN204" if given < count else "BSN205"
        plural = "" if count == 1 else "s"
        message = f"`{name}` takes {count} argument{plural}, not {given}"
        raise Diagnosed(Diagnostic(code, message, call.span))
    return [evaluator.value(a.value, scope) for a in call.arguments]


def _number(value: Value, name: str, span: SourceSpan) -> int | float:
    if not is_number(value):
        raise Diagnosed(Diagnostic("BSN206", f"`{name}` needs numbers, not {describe(value)}", span))
    return value


def _log2(evaluator: Evaluator, call: ast.Call, scope: Scope) -> Value:
    """Exact and an int for powers of two."""
    value = _number(_values(evaluator, call, scope, 1)[0], "log2", call.span)
    if value <= 0:
        raise Diagnosed(Diagnostic("BSN209", f"log2 of {value}, which is not positive", call.span))
    if isinstance(value, int) and value & (value - 1) == 0:
        return value.bit_length() - 1
    return math.log2(value)


def _len(evaluator: Evaluator, call: ast.Call, scope: Scope) -> Value:
    value = _values(evaluator, call, scope, 1)[0]
    if isinstance(value, NodeArray):
        return value.extent[0]
    if not isinstance(value, (list, range)):
        raise Diagnosed(Diagnostic("BSN206", f"`len` needs a list, not {describe(value)}", call.span))
    return len(value)


def _extreme(choose: Callable[[list[int | float]], int | float], name: str) -> Function:
    def function(evaluator: Evaluator, call: ast.Call, scope: Scope) -> Value:
        values = _values(evaluator, call, scope, None)
        only = values[0] if len(values) == 1 else None
        if isinstance(only, range):
            values = [only[0], only[-1]] if len(only) else []
        elif isinstance(only, list):
            values = only
        if not values:
            raise Diagnosed(Diagnostic("BSN204", f"`{name}` needs at least one number", call.span))
        return choose([_number(value, name, call.span) for value in values])

    return function


Function = Callable[["Evaluator", ast.Call, Scope], Value]

FUNCTIONS: dict[str, Function] = {
    "log2": _log2,
    "len": _len,
    "min": _extreme(min, "min"),
    "max": _extreme(max, "max"),
}
