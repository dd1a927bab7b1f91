"""Operators on values: exact ints, floats, quantities of one dimension; bounded, never an exception."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import NoReturn

from bsnc.diagnostics import Diagnosed, Diagnostic, SourceSpan
from bsnc.sema.expressions.values import Module, Quantity, Value, describe, is_number

MAX_MAGNITUDE = 2**63


def _floor_divide(left: int | float, right: int | float) -> int | float:
    return left // right


_COMPARE: dict[str, Callable[..., bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[..., int | float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": _floor_divide,
    "%": operator.mod,
}


def _fail(code: str, message: str, span: SourceSpan, help: str | None = None) -> NoReturn:
    raise Diagnosed(Diagnostic(code, message, span, help=help))


def bounded(value: int | float, span: SourceSpan) -> int | float:
    """The value, which must be finite and below 2^63. Raises Diagnosed (BSN209)."""
    if isinstance(value, float) and not math.isfinite(value):
        _fail("BSN209", "this is not a finite number", span)
    if abs(value) >= MAX_MAGNITUDE:
        _fail("BSN209", "this number is beyond 2^63", span)
    return value


def negate(value: Value, span: SourceSpan) -> Value:
    if not is_number(value):
        _fail("BSN206", f"`-` needs a plain number, not {describe(value)}", span)
    return -value


def binary(symbol: str, left: Value, right: Value, span: SourceSpan) -> Value:
    """`left symbol right` for arithmetic and comparison. Raises Diagnosed (BSN206, BSN207, BSN209)."""
    if symbol in ("==", "!="):
        return _equal(left, right, span) is (symbol == "==")
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return _with_units(symbol, left, right, span)
    if not is_number(left) or not is_number(right):
        wrong = left if not is_number(left) else right
        help_text = "stages of a module are joined by `|`" if isinstance(wrong, Module) else None
        _fail("BSN206", f"`{symbol}` needs numbers, not {describe(wrong)}", span, help_text)
    if symbol in _COMPARE:
        return _COMPARE[symbol](left, right)
    return bounded(_arithmetic(symbol, left, right, span), span)


def _arithmetic(symbol: str, left: int | float, right: int | float, span: SourceSpan) -> int | float:
    if symbol == "^":
        return _power(left, right, span)
    if symbol in ("/", "//", "%") and right == 0:
        _fail("BSN209", "division by zero", span)
    if symbol == "/":
        exact = isinstance(left, int) and isinstance(right, int) and left % right == 0
        return left // right if exact else left / right
    return _ARITHMETIC[symbol](left, right)


def _power(left: int | float, right: int | float, span: SourceSpan) -> int | float:
    if left == 0 and right < 0:
        _fail("BSN209", "zero to a negative power", span)
    if left < 0 and not float(right).is_integer():
        _fail("BSN209", "a negative number to a fractional power", span)
    if left != 0 and right * math.log2(abs(left)) >= 63:
        _fail("BSN209", "this number is beyond 2^63", span)
    return left**right


def _equal(left: Value, right: Value, span: SourceSpan) -> bool:
    comparable = (is_number(left) and is_number(right)) or type(left) is type(right)
    if _is_nested(left) or _is_nested(right):
        _fail("BSN206", "lists of lists cannot be compared", span)
    for value in (left, right):
        if isinstance(value, Module) or (isinstance(value, list) and any(isinstance(item, Module) for item in value)):
            _fail("BSN206", "modules cannot be compared", span)
    if not comparable:
        _fail("BSN206", f"{describe(left)} cannot be compared with {describe(right)}", span)
    return left == right


def _is_nested(value: Value) -> bool:
    """Lists of lists can be exponentially large: they share their parts."""
    return isinstance(value, list) and any(isinstance(item, list) for item in value)


def _with_units(symbol: str, left: Value, right: Value, span: SourceSpan) -> Value:
    """Sums and comparisons of one dimension; a quantity times or over a plain number."""
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        if left.dimension == right.dimension and symbol in _COMPARE:
            return _COMPARE[symbol](left.value, right.value)
        if left.dimension == right.dimension and symbol in "+-":
            return Quantity(bounded(_ARITHMETIC[symbol](left.value, right.value), span), left.dimension)
    elif isinstance(left, Quantity) and is_number(right) and symbol in ("*", "/"):
        return Quantity(bounded(_arithmetic(symbol, left.value, right, span), span), left.dimension)
    elif isinstance(right, Quantity) and is_number(left) and symbol == "*":
        return Quantity(bounded(left * right.value, span), right.dimension)
    _fail("BSN207", f"`{symbol}` cannot join {describe(left)} and {describe(right)}", span)
