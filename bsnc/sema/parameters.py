"""Parameters of a network: their types, their defaults, and values set from outside."""

from __future__ import annotations

from bsnc.diagnostics import Diagnosed, Diagnostic, SourceSpan, did_you_mean
from bsnc.sema.evaluate import Evaluator
from bsnc.sema.values import Quantity, Scope, Value, describe, is_int, is_number
from bsnc.syntax import ast

MAX_ITEMS = 10_000
TYPES = ("int", "float", "bool", "str", "list")
ELEMENTS = ("int", "float", "bool", "str")


def parameter_value(parameter: ast.Parameter, evaluator: Evaluator, scope: Scope) -> Value:
    """The default of a parameter. Raises Diagnosed where there is none or it has another type."""
    check_type(parameter.type)
    if parameter.default is None:
        name = parameter.name.text
        message = f"parameter `{name}` has no default and was not set"
        raise Diagnosed(Diagnostic("BSN204", message, parameter.span, help=f"give it with `--set {name}=…`"))
    value = evaluator.value(parameter.default, scope)
    return coerce(value, parameter, parameter.default.span)


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


def coerce(value: Value, parameter: ast.Parameter, span: SourceSpan) -> Value:
    """The value as the parameter's type: ints widen to float, a percentage is a float. Raises Diagnosed."""
    type_, element = parameter.type.name.text, parameter.type.element
    if element is None:
        return _coerce_scalar(value, type_, f"`{parameter.name.text}`", span)
    if isinstance(value, range):
        if value.stop - value.start > MAX_ITEMS:
            message = f"`{parameter.name.text}` may have {MAX_ITEMS:,} elements at most"
            raise Diagnosed(Diagnostic("BSN213", message, span))
        value = list(value)
    if not isinstance(value, list):
        message = f"`{parameter.name.text}` must be a list, not {describe(value)}"
        raise Diagnosed(Diagnostic("BSN206", message, span))
    what = f"an element of `{parameter.name.text}`"
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
