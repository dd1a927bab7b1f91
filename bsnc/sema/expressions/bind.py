"""Arguments of calls onto parameters: by position, then by name, each once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ops import Op, OpParameter, Scalar, argument_text, expand
from bsnc.sema.expressions.together import together
from bsnc.sema.expressions.values import Quantity, Scope, Stage, Value, describe, show
from bsnc.syntax import ast

if TYPE_CHECKING:
    from bsnc.sema.expressions.evaluate import Evaluator


def bind_arguments(what: str, names: Sequence[str], arguments: Sequence[ast.Argument]) -> dict[str, ast.Argument]:
    """Parameter name → argument. Raises Diagnosed (BSN205) for unknown, repeated and surplus arguments."""
    bound: dict[str, ast.Argument] = {}
    for position, argument in enumerate(arguments):
        name = argument.name.text if argument.name is not None else _positional(what, names, arguments, position)
        span = argument.name.span if argument.name is not None else argument.span
        if name not in names:
            suggestion = did_you_mean(name, names)
            raise Diagnosed(Diagnostic("BSN205", f"{what} has no argument `{name}`", span, help=suggestion))
        if name in bound:
            first = Label(bound[name].span, "first given here")
            message = f"{what} is given `{name}` twice"
            raise Diagnosed(Diagnostic("BSN205", message, argument.span, labels=(first,)))
        bound[name] = argument
    return bound


def _positional(what: str, names: Sequence[str], arguments: Sequence[ast.Argument], position: int) -> str:
    """The parameter that a positional argument is for. Raises Diagnosed (BSN205)."""
    span = arguments[position].span
    if position >= len(names):
        most = f"at most {len(names)} argument{'s' if len(names) != 1 else ''}" if names else "no arguments"
        listed = ", ".join(f"`{name}`" for name in names)
        help_text = f"{'they are' if len(names) > 1 else 'it is'} {listed}" if names else None
        raise Diagnosed(Diagnostic("BSN205", f"{what} takes {most}", span, help=help_text))
    if any(a.name is not None for a in arguments[:position]):
        message = "a positional argument after a named one"
        help_text = f"name it as well, for example `{names[position]} = {span.text}`"
        raise Diagnosed(Diagnostic("BSN205", message, span, help=help_text))
    return names[position]


def bind_op(
    evaluator: Evaluator, op: Op, arguments: Sequence[ast.Argument], span: SourceSpan, scope: Scope
) -> tuple[Stage, ...]:
    """An op with every argument bound, typed and within its bounds, macros expanded. Raises Diagnosed."""
    given = bind_arguments(f"`{op.name}`", [p.name for p in op.parameters], arguments)
    missing = next((p.name for p in op.parameters if p.required and p.name not in given), None)
    if missing is not None:
        message = f"`{op.name}` needs argument `{missing}`"
        raise Diagnosed(Diagnostic("BSN204", message, span, help=f"it is used as `{signature(op)}`"))

    def bind(parameter: OpParameter) -> Scalar:
        if parameter.name not in given:
            assert parameter.default is not None
            return parameter.default
        return _argument(evaluator, op, parameter, given[parameter.name].value, scope)

    values = together([partial(bind, parameter) for parameter in op.parameters])
    bound = dict(zip([p.name for p in op.parameters], values, strict=True))
    return tuple(Stage(part.name, completed, span) for part, completed in expand(op.name, bound))


def signature(op: Op) -> str:
    """How an op is called: `conv(channels, kernel, stride = 1, …)`."""
    parameters = [p.name if p.default is None else f"{p.name} = {argument_text(p.default)}" for p in op.parameters]
    return f"{op.name}({', '.join(parameters)})"


_TYPES = {"int": "an int", "float": "a float", "bool": "a bool", "size": "an int or a list of ints"}


def _argument(evaluator: Evaluator, op: Op, parameter: OpParameter, expr: ast.Expr, scope: Scope) -> Scalar:
    if parameter.type == "choice":
        return _choice(evaluator, parameter, expr, scope)
    value = evaluator.value(expr, scope)
    what = f"`{parameter.name}` of `{op.name}`"
    if parameter.type == "float" and isinstance(value, Quantity) and value.dimension == "share":
        value = value.value
    if isinstance(value, Quantity):
        evaluator.misfit(expr, scope, "BSN207", f"{what} is a plain number, not {describe(value)}")
    plain: object = tuple(value) if isinstance(value, list) else value
    if not parameter.has_type(plain):
        evaluator.misfit(expr, scope, "BSN206", f"{what} must be {_TYPES[parameter.type]}, not {_described(value)}")
    argument = cast(Scalar, plain)
    if not parameter.in_range(argument):
        evaluator.misfit(expr, scope, "BSN209", f"{what} must be {parameter.bounds_text}, not {show(value)}")
    return float(argument) if parameter.type == "float" and isinstance(argument, int) else argument


def _choice(evaluator: Evaluator, parameter: OpParameter, expr: ast.Expr, scope: Scope) -> str:
    """One of the names that a parameter takes: written as a name that means nothing else there, or a string."""
    if isinstance(expr, ast.Name) and scope.lookup(expr.text) is None:
        value = expr.text
    else:
        value = evaluator.value(expr, scope)
    if not isinstance(value, str) or not parameter.in_range(value):
        help_text = did_you_mean(value if isinstance(value, str) else "", parameter.choices)
        evaluator.misfit(expr, scope, "BSN211", f"`{expr.span.text}` is no value of `{parameter.name}`", help_text)
    return value


def _described(value: Value) -> str:
    """The value itself where `describe` says no more than that it is a list."""
    return f"the list {show(value)}" if isinstance(value, list) else describe(value)
