"""`extern`: the user's own modules. Their facts are found once the shape of their input is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bsnc.diagnostics import Diagnosed, Diagnostic, SourceSpan
from bsnc.ops import EXTERN, ExternFacts, Probe, Scalar, Shape, ShapeError, extern_arguments, is_target
from bsnc.sema.expressions.bind import bind_arguments
from bsnc.sema.expressions.values import ExternCall, Module, Scope, Stage, describe, is_int, is_number
from bsnc.syntax import ast

if TYPE_CHECKING:
    from bsnc.sema.expressions.evaluate import Evaluator

_DECLARABLE = ("shape", "flops", "params")


def extern_module(evaluator: Evaluator, expr: ast.Extern, scope: Scope) -> Module:
    """The module that an `extern` means. Raises Diagnosed."""
    if not evaluator.allow_extern:
        raise Diagnosed(not_allowed("a module", expr.span))
    example = 'extern "models.blocks:Attention"(heads = 4)'
    _require_target(expr, "`extern` names a class as `package.module:Class`", example)
    given = _arguments(evaluator, expr, scope)
    declared = bind_arguments("`with`", _DECLARABLE, expr.declared)
    call = ExternCall(
        expr.target.value,
        given,
        shape=_shape(evaluator, declared["shape"].value, scope) if "shape" in declared else None,
        multiply_adds=_count(evaluator, declared, "flops", scope),
        parameters=_count(evaluator, declared, "params", scope),
    )
    return Module((Stage(EXTERN, {}, expr.span, call),))


def extern_function(evaluator: Evaluator, expr: ast.Extern, what: str, example: str) -> tuple[str, dict[str, object]]:
    """The function that an `extern` in a section names, and its arguments; none of it runs. `what` it is stands in
    messages. Raises Diagnosed."""
    if not evaluator.allow_extern:
        raise Diagnosed(not_allowed(what, expr.span))
    _require_target(expr, f"{what} of one's own names a function as `package.module:function`", example)
    if expr.declared:
        message = f"{what} of one's own declares nothing: `with` is for modules"
        raise Diagnosed(Diagnostic("BSN205", message, expr.declared[0].span))
    given = _arguments(evaluator, expr, Scope())
    return expr.target.value, {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def not_allowed(what: str, span: SourceSpan | None, subject: str | None = None) -> Diagnostic:
    """BSN217: the user did not permit running this code."""
    help_text = "`--allow-extern` runs the Python code that a spec names: say it for specs that you trust"
    return Diagnostic("BSN217", f"{what} of one's own is not allowed", span, subject, help=help_text)


def complete(call: ExternCall, probe: Probe, shape: Shape) -> dict[str, Scalar]:
    """The arguments of the op for an input of this shape: what is declared, and for the rest what running it tells.

    Raises Diagnosed (BSN218), without a span, where it does not work or does something else than is declared.
    """
    known = (call.shape, call.multiply_adds, call.parameters)
    if all(fact is not None for fact in known):
        facts = ExternFacts(*known)  # pyright: ignore[reportArgumentType]
        return extern_arguments(call.target, call.given, facts)
    found = probe(call.target, call.given, shape)
    if call.shape is not None and call.shape != found.shape:
        message = f"`{call.target}` delivers {list(found.shape)}, not {list(call.shape)} as `with` declares"
        raise Diagnosed(Diagnostic("BSN218", message))
    if not found.shape or min(found.shape) < 1:
        raise ShapeError(f"delivers an empty tensor or none, of shape {list(found.shape)}")
    multiply_adds = found.multiply_adds if call.multiply_adds is None else call.multiply_adds
    parameters = found.parameters if call.parameters is None else call.parameters
    return extern_arguments(call.target, call.given, ExternFacts(found.shape, multiply_adds, parameters))


def _require_target(expr: ast.Extern, message: str, example: str) -> None:
    """Raises Diagnosed (BSN206)."""
    if not is_target(expr.target.value):
        raise Diagnosed(Diagnostic("BSN206", message, expr.target.span, help=f"for example `{example}`"))


def _arguments(evaluator: Evaluator, expr: ast.Extern, scope: Scope) -> dict[str, object]:
    return {name: _plain(evaluator, a.value, scope) for name, a in _named(expr.arguments).items()}


def _named(arguments: Sequence[ast.Argument]) -> dict[str, ast.Argument]:
    for argument in arguments:
        if argument.name is None:
            message = "arguments of code of one's own are given by name"
            help_text = f"for example `size = {argument.span.text}`"
            raise Diagnosed(Diagnostic("BSN205", message, argument.span, help=help_text))
    names = [argument.name.text for argument in arguments if argument.name is not None]
    return bind_arguments("the code", names, arguments)


def _plain(evaluator: Evaluator, expr: ast.Expr, scope: Scope) -> object:
    """A value that any Python class understands. Raises Diagnosed."""
    value = evaluator.value(expr, scope)
    items = list(value) if isinstance(value, (list, range)) and len(value) <= 1_000 else [value]
    for item in items:
        if not (is_number(item) or isinstance(item, (bool, str))):
            message = f"code of one's own takes numbers, truth values, strings and lists, not {describe(value)}"
            raise Diagnosed(Diagnostic("BSN206", message, expr.span))
    return items if isinstance(value, (list, range)) else value


def _shape(evaluator: Evaluator, expr: ast.Expr, scope: Scope) -> Shape:
    value = evaluator.value(expr, scope)
    if isinstance(value, list) and value and all(is_int(size) and size >= 1 for size in value):
        return tuple(value)
    message = f"`shape` is a list of sizes, such as `[16, 8, 8]`, not {describe(value)}"
    raise Diagnosed(Diagnostic("BSN206", message, expr.span))


def _count(evaluator: Evaluator, declared: dict[str, ast.Argument], name: str, scope: Scope) -> int | None:
    if name not in declared:
        return None
    return evaluator.integer(declared[name].value, scope, f"`{name}`", minimum=0)
