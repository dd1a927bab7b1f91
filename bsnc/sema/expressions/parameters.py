"""Parameters: their types, limits and defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.sema.expressions.values import Quantity, Scope, Value, describe, is_int, is_number, show
from bsnc.syntax import ast

if TYPE_CHECKING:
    from bsnc.sema.expressions.evaluate import Evaluator

MAX_ITEMS = 10_000
MAX_SHOWN = 8
TYPES = ("int", "float", "bool", "str", "list")
ELEMENTS = ("int", "float", "bool", "str")


def parameter_value(parameter: ast.Parameter, evaluator: Evaluator, scope: Scope) -> Value:
    """The default of a network's parameter. Raises Diagnosed where there is none or it does not fit."""
    assert parameter.type is not None
    check_type(parameter.type)
    if parameter.default is None:
        name = parameter.name.text
        message = f"parameter `{name}` has no default and was not set"
        raise Diagnosed(Diagnostic("BSN204", message, parameter.span, help=f"give it with `--set {name}=…`"))
    value = evaluator.value(parameter.default, scope)
    return evaluator.fit(value, parameter, scope, parameter.default.span)


def check_limits(evaluator: Evaluator, value: Value, parameter: ast.Parameter, scope: Scope, span: SourceSpan) -> None:
    """Raises Diagnosed (BSN209) for a value, or an element of a list, that is not among those that `in` allows."""
    limits = parameter.limits
    assert limits is not None
    allowed = _shares_as_numbers(evaluator.value(limits.values, scope))
    if limits.is_open and not is_number(allowed):
        message = f"the least value of `{parameter.name.text}` must be a number, not {describe(allowed)}"
        raise Diagnosed(Diagnostic("BSN206", message, limits.span))
    if not limits.is_open and not isinstance(allowed, (range, list)):
        message = f"`in` is followed by a range or a list, not {describe(allowed)}"
        raise Diagnosed(Diagnostic("BSN206", message, limits.span, help="for example `in 1..9` or `in [3, 5, 7]`"))
    for item in value if isinstance(value, list) else [value]:
        if not _is_allowed(item, allowed):
            message = f"`{parameter.name.text}` must be {_allowed_text(allowed)}, not {show(item)}"
            excluded = isinstance(allowed, range) and item == allowed.stop
            help_text = "the end of a range is not part of it" if excluded else None
            declared = Label(limits.span, "its limits")
            raise Diagnosed(Diagnostic("BSN209", message, span, labels=(declared,), help=help_text))


def _shares_as_numbers(allowed: Value) -> Value:
    """A percentage is a number, as it is for a float."""
    if isinstance(allowed, list):
        return [_shares_as_numbers(item) if isinstance(item, Quantity) else item for item in allowed]
    return allowed.value if isinstance(allowed, Quantity) and allowed.dimension == "share" else allowed


def _is_allowed(value: Value, allowed: Value) -> bool:
    if isinstance(value, list):
        return False
    if isinstance(allowed, list):
        return any(value == item and (is_number(value) or type(value) is type(item)) for item in allowed)
    if not is_number(value):
        return False
    if isinstance(allowed, range):
        return allowed.start <= value < allowed.stop
    return is_number(allowed) and value >= allowed


def _allowed_text(allowed: Value) -> str:
    if isinstance(allowed, list):
        return f"one of {', '.join(map(show, allowed[:MAX_SHOWN]))}{', …' if len(allowed) > MAX_SHOWN else ''}"
    return f"in {show(allowed)}" if isinstance(allowed, range) else f"at least {show(allowed)}"


def in_words(type_: ast.ParameterType) -> str:
    """`an int`, `a list of int`."""
    if type_.element is not None:
        return f"a list of {type_.element.text}"
    return f"{'an' if type_.name.text == 'int' else 'a'} {type_.name.text}"


def check_type(type_: ast.ParameterType) -> None:
    """Raises Diagnosed (BSN206) for a type that is none."""
    if type_.name.text not in TYPES:
        suggestion = did_you_mean(type_.name.text, TYPES)
        message = f"no type `{type_.name.text}`"
        raise Diagnosed(Diagnostic("BSN206", message, type_.name.span, help=suggestion))
    if (type_.name.text == "list") != (type_.element is not None):
        raise Diagnosed(Diagnostic("BSN206", "a list type is written `list[int]`", type_.span))
    if type_.element is not None and type_.element.text not in ELEMENTS:
        suggestion = did_you_mean(type_.element.text, ELEMENTS)
        message = f"no element type `{type_.element.text}`"
        raise Diagnosed(Diagnostic("BSN206", message, type_.element.span, help=suggestion))


def coerce(value: Value, name: str, type_: ast.ParameterType, span: SourceSpan) -> Value:
    """The value of parameter `name` as its type: ints widen to float, a percentage is a float. Raises Diagnosed."""
    check_type(type_)
    element = type_.element
    if element is None:
        return _coerce_scalar(value, type_.name.text, f"`{name}`", span)
    if isinstance(value, range):
        if value.stop - value.start > MAX_ITEMS:
            message = f"`{name}` may have {MAX_ITEMS:,} elements at most"
            raise Diagnosed(Diagnostic("BSN213", message, span))
        value = list(value)
    if not isinstance(value, list):
        message = f"`{name}` must be a list, not {describe(value)}"
        raise Diagnosed(Diagnostic("BSN206", message, span))
    what = f"an element of `{name}`"
    return [_coerce_scalar(item, element.text, what, span) for item in value]


def _coerce_scalar(value: Value, type_: str, what: str, span: SourceSpan) -> Value:
    if type_ == "float" and isinstance(value, Quantity) and value.dimension == "share":
        return value.value
    if isinstance(value, Quantity):
        raise Diagnosed(Diagnostic("BSN207", f"{what} is a plain {type_}, not {describe(value)}", span))
    accepted = {
        "int": is_int(value),
        "float": is_number(value),
        "bool": isinstance(value, bool),
        "str": isinstance(value, str),
    }
    if not accepted[type_]:
        article = "an" if type_ == "int" else "a"
        message = f"{what} must be {article} {type_}, not {describe(value)}"
        raise Diagnosed(Diagnostic("BSN206", message, span))
    return float(value) if type_ == "float" else value  # pyright: ignore[reportArgumentType]
