"""Loops: one scope per combination of values."""

from __future__ import annotations

from collections.abc import Iterator

from bsnc.diagnostics import Diagnosed, Diagnostic, SourceSpan
from bsnc.sema.elaboration.context import Context
from bsnc.sema.expressions.values import Scope, describe, is_int
from bsnc.syntax import ast

STEPS = 4
"""What one iteration counts: a scope, and a name in it."""


def iterations(context: Context, statement: ast.For, scope: Scope) -> Iterator[Scope]:
    """The scopes of a loop's body, while `context.loop` holds the values; later bindings may depend on earlier ones.
    Raises Diagnosed."""
    yield from _iterations(context, statement.bindings, scope, statement.span)


def _iterations(context: Context, bindings: tuple[ast.Binding, ...], scope: Scope, span: SourceSpan) -> Iterator[Scope]:
    if not bindings:
        yield Scope(scope)
        return
    first, rest = bindings[0], bindings[1:]
    values = context.evaluator.value(first.values, scope)
    if not isinstance(values, (list, range)):
        message = f"`for` runs over a range or a list, not {describe(values)}"
        help_text = f"for a range, write `0..{first.values.span.text}`" if is_int(values) else None
        raise Diagnosed(Diagnostic("BSN206", message, first.values.span, help=help_text))
    name = first.name.text
    for value in values:
        context.evaluator.step(span, STEPS)
        inner = Scope(scope)
        context.declare(first.name, value, inner)
        context.loop.append((name, value))
        try:
            yield from _iterations(context, rest, inner, span)
        finally:
            context.loop.pop()
