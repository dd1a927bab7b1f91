"""Arguments of calls onto parameters: by position, then by name, each once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ops import Op, OpParameter, Scalar
from bsnc.sema.values import Quantity, Scope, Stage, Value, describe, is_int, is_number
from bsnc.syntax import ast

if TYPE_CHECKING:
    from bsnc.sema.evaluate import Evaluator


def bind_arguments(what: str, names: Sequence[str], arguments: Sequence[ast.Argument]) -> dict[str, ast.Argument]:
    """Parameter name → argument. Raises Diagnosed (BSN205) for unknown, repeated and surplus arguments."""
    bound: dict[str, ast.Argument] = {}
    for position, argument in enumerate(arguments):
        if argument.name is None:
            if position >= len(names):
                takes = (
                    f"takes at most {len(names)} argument{'s' if len(names) != 1 else ''}" if names else "takes none"
                )
                message = f"{what} {takes}; this is number {position + 1}"
                raise Diagnosed(Diagnostic("BSN205", message, argument.span))
            if any(a.name is not None for a in arguments[:position]):
                raise Diagnosed(Diagnostic("BSN205", "a positional argument after a named one", argument.span))
            bound[names[position]] = argument
            continue
        name = argument.name.text
        if name not in names:
            suggestion = did_you_mean(name, names)
            raise Diagnosed(
                Diagnostic("BSN205", f"{what} has no argument `{name}`", argument.name.span, help=suggestion)
            )
        if name in bound:
            first = Label(bound[name].span, "first given here")
            message = f"{what} is given `{name}` twice"
            raise Diagnosed(Diagnostic("BSN205", message, argument.span, labels=(first,)))
        bound[name] = argument
    return bound


def bind_op(evaluator: Evaluator, op: Op, arguments: Sequence[ast.Argument], span: SourceSpan, scope: Scope) -> Stage:
    """An op with every argument bound, typed and within its bounds. Raises Diagnosed."""
    given = bind_arguments(f"`{op.name}`", [p.name for p in op.parameters], arguments)
    bound: dict[str, Scalar] = {}
    for parameter in op.parameters:
        if parameter.name in given:
            argument = given[parameter.name]
            value = evaluator.value(argument.value, scope)
            bound[parameter.name] = _typed(value, op, parameter, argument.value.span)
        elif parameter.default is None:
            usage = ", ".join(p.name if p.required else f"{p.name} = …" for p in op.parameters)
            message = f"`{op.name}` needs argument `{parameter.name}`"
            raise Diagnosed(Diagnostic("BSN204", message, span, help=f"it is used as `{op.name}({usage})`"))
        else:
            bound[parameter.name] = parameter.default
    return Stage(op.name, bound, span)


def _typed(value: Value, op: Op, parameter: OpParameter, span: SourceSpan) -> Scalar:
    what = f"`{parameter.name}` of `{op.name}`"
    if parameter.type == "float" and isinstance(value, Quantity) and value.dimension == "share":
        value = value.value
    if isinstance(value, Quantity):
        raise Diagnosed(Diagnostic("BSN207", f"{what} is a plain number, not {describe(value)}", span))
    accepted = {"int": is_int(value), "float": is_number(value), "bool": isinstance(value, bool)}
    if not accepted[parameter.type]:
        article = "an" if parameter.type == "int" else "a"
        message = f"{what} must be {article} {parameter.type}, not {describe(value)}"
        raise Diagnosed(Diagnostic("BSN206", message, span))
    assert isinstance(value, (int, float, bool))
    if parameter.minimum is not None and value < parameter.minimum:
        raise Diagnosed(Diagnostic("BSN209", f"{what} must be at least {parameter.minimum:g}, not {value}", span))
    return float(value) if parameter.type == "float" else value
