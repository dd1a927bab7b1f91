"""Expressions → values. Total: bounded steps, bounded numbers, no recursion of blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ops import OPS
from bsnc.sema.arithmetic import binary, negate
from bsnc.sema.bind import bind_arguments, bind_op
from bsnc.sema.functions import FUNCTIONS
from bsnc.sema.values import (
    POISON,
    Binding,
    BlockValue,
    Module,
    NodeArray,
    NodeRef,
    Poison,
    Quantity,
    Scope,
    Stage,
    Value,
    describe,
    is_int,
)
from bsnc.syntax import UNITS, ast

MAX_STEPS = 2_000_000
MAX_STAGES = 1_000


class PoisonedError(Exception):
    """The expression uses a name whose own declaration was already reported."""


def fail(code: str, message: str, span: SourceSpan, help: str | None = None, *labels: Label) -> NoReturn:
    raise Diagnosed(Diagnostic(code, message, span, help=help, labels=labels))


class Evaluator:
    """Evaluates expressions in scopes and counts the steps of the whole elaboration.

    Raises Diagnosed for the user's mistakes and PoisonedError where one was reported already.
    """

    def __init__(self) -> None:
        self.steps = 0

    def step(self, span: SourceSpan) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            fail("BSN213", f"elaboration takes more than {MAX_STEPS:,} steps", span)

    def value(self, expr: ast.Expr, scope: Scope) -> Value:
        """The value of an expression; names may stand for anything."""
        self.step(expr.span)
        return _EVALUATE[type(expr)](self, expr, scope)

    def module(self, expr: ast.Expr, scope: Scope) -> Module:
        """The value of an expression that must be a module; unknown names are unknown ops."""
        if isinstance(expr, ast.Conditional):
            chosen = expr.then if self.truth(expr.condition, scope) else expr.otherwise
            return self.module(chosen, scope)
        if isinstance(expr, ast.Pipe):
            return self._pipe(expr, scope)
        if isinstance(expr, (ast.Name, ast.Call)):
            name = expr.text if isinstance(expr, ast.Name) else expr.name.text
            if scope.lookup(name) is None and name not in OPS and name not in FUNCTIONS:
                self._unknown_op(name, expr.span if isinstance(expr, ast.Name) else expr.name.span, scope)
        return self._as_module(self.value(expr, scope), expr)

    def truth(self, expr: ast.Expr, scope: Scope) -> bool:
        value = self.value(expr, scope)
        if not isinstance(value, bool):
            fail("BSN206", f"a condition must be true or false, not {describe(value)}", expr.span)
        return value

    def integer(self, expr: ast.Expr, scope: Scope, what: str, minimum: int | None = None) -> int:
        value = self.value(expr, scope)
        if not is_int(value):
            code = "BSN207" if isinstance(value, Quantity) else "BSN206"
            fail(code, f"{what} must be an int, not {describe(value)}", expr.span)
        if minimum is not None and value < minimum:
            fail("BSN209", f"{what} must be at least {minimum}, not {value}", expr.span)
        return value

    def node(self, expr: ast.Expr, scope: Scope) -> NodeRef:
        value = self.value(expr, scope)
        if isinstance(value, NodeArray):
            indices = ", ".join("0" for _ in value.extent)
            message = f"`{value.name}` is an array of nodes; an edge joins single nodes"
            fail("BSN206", message, expr.span, f"index it, as in `{value.name}[{indices}]`")
        if not isinstance(value, NodeRef):
            fail("BSN206", f"an edge joins nodes; this is {describe(value)}", expr.span)
        return value

    # ---- names, blocks, calls ----

    def name(self, expr: ast.Name, scope: Scope) -> Value:
        binding = scope.lookup(expr.text)
        if binding is not None:
            if isinstance(binding.value, Poison):
                raise PoisonedError
            if isinstance(binding.value, BlockValue):
                return self._apply_block(binding.value, (), expr.span)
            return binding.value
        if expr.text in OPS:
            return Module((bind_op(self, OPS[expr.text], (), expr.span, scope),))
        if expr.text in FUNCTIONS:
            fail("BSN206", f"`{expr.text}` is a function: call it with arguments", expr.span)
        suggestion = did_you_mean(expr.text, [*scope.visible(), *OPS, *FUNCTIONS])
        fail("BSN201", f"no name `{expr.text}` is visible here", expr.span, suggestion)

    def call(self, expr: ast.Call, scope: Scope) -> Value:
        name = expr.name.text
        binding = scope.lookup(name)
        if binding is not None:
            if isinstance(binding.value, Poison):
                raise PoisonedError
            if isinstance(binding.value, BlockValue):
                values = self._block_arguments(binding.value, expr, scope)
                return self._apply_block(binding.value, values, expr.span)
            declared = Label(binding.span, "declared here")
            message = f"`{name}` is {describe(binding.value)}, not something to call"
            fail("BSN206", message, expr.name.span, None, declared)
        if name in FUNCTIONS:
            return FUNCTIONS[name](self, expr, scope)
        if name in OPS:
            return Module((bind_op(self, OPS[name], expr.arguments, expr.span, scope),))
        return self._unknown_op(name, expr.name.span, scope)

    def _unknown_op(self, name: str, span: SourceSpan, scope: Scope) -> NoReturn:
        blocks = [n for n in scope.visible() if isinstance(_value_of(scope, n), BlockValue)]
        suggestion = did_you_mean(name, [*OPS, *blocks])
        fail("BSN203", f"no op named `{name}`", span, suggestion or "docs/ops.md lists every op")

    def _block_arguments(self, block: BlockValue, call: ast.Call, scope: Scope) -> tuple[Binding | None, ...]:
        parameters = block.declaration.parameters
        names = [p.name.text for p in parameters]
        given = bind_arguments(f"block `{call.name.text}`", names, call.arguments)
        return tuple(
            Binding(self.value(given[name].value, scope), given[name].span) if name in given else None for name in names
        )

    def _apply_block(self, block: BlockValue, values: tuple[Binding | None, ...], use: SourceSpan) -> Module:
        self.step(use)
        declaration = block.declaration
        inner = Scope(block.scope)
        padded = values or (None,) * len(declaration.parameters)
        for parameter, value in zip(declaration.parameters, padded, strict=True):
            if value is None and parameter.default is None:
                declared = Label(parameter.span, "declared here")
                message = f"block `{declaration.name.text}` needs argument `{parameter.name.text}`"
                fail("BSN204", message, use, None, declared)
            if value is None:
                assert parameter.default is not None
                value = Binding(self.value(parameter.default, inner), parameter.span)
            inner.names[parameter.name.text] = value
        return self.module(declaration.value, inner)

    # ---- modules ----

    def _pipe(self, expr: ast.Pipe, scope: Scope) -> Module:
        stages: list[Stage] = []
        for part in expr.stages:
            stages += self.module(part, scope).stages
            if len(stages) > MAX_STAGES:
                fail("BSN213", f"a module of more than {MAX_STAGES} ops", expr.span)
        return Module(tuple(stages))

    def _as_module(self, value: Value, expr: ast.Expr) -> Module:
        if isinstance(value, Module):
            return value
        fail(
            "BSN206",
            f"a module is needed here, such as `conv(16, 3) | relu`; this is {describe(value)}",
            expr.span,
        )

    # ---- the other expressions ----

    def number(self, expr: ast.Number, scope: Scope) -> Value:  # noqa: ARG002
        factor, dimension = UNITS[expr.unit]
        if dimension != "count":
            scaled = expr.value * factor if factor >= 1 else expr.value / round(1 / factor)
            return Quantity(scaled, dimension)  # pyright: ignore[reportArgumentType]
        product = expr.value * factor
        return int(product) if expr.unit and float(product).is_integer() else product

    def literal(self, expr: ast.String | ast.Boolean, scope: Scope) -> Value:  # noqa: ARG002
        return expr.value

    def list_literal(self, expr: ast.ListLiteral, scope: Scope) -> Value:
        return [self.value(item, scope) for item in expr.items]

    def unary(self, expr: ast.Unary, scope: Scope) -> Value:
        if expr.operator == "not":
            return not self.truth(expr.operand, scope)
        return negate(self.value(expr.operand, scope), expr.span)

    def binary(self, expr: ast.Binary, scope: Scope) -> Value:
        if expr.operator in ("and", "or"):
            left = self.truth(expr.left, scope)
            return left if left is (expr.operator == "or") else self.truth(expr.right, scope)
        return binary(expr.operator, self.value(expr.left, scope), self.value(expr.right, scope), expr.span)

    def range(self, expr: ast.Range, scope: Scope) -> Value:
        start = self.integer(expr.start, scope, "the start of a range")
        return range(start, self.integer(expr.stop, scope, "the end of a range"))

    def conditional(self, expr: ast.Conditional, scope: Scope) -> Value:
        return self.value(expr.then if self.truth(expr.condition, scope) else expr.otherwise, scope)

    def pipe(self, expr: ast.Pipe, scope: Scope) -> Value:
        return self._pipe(expr, scope)

    def index(self, expr: ast.Index, scope: Scope) -> Value:
        value = self.value(expr.value, scope)
        indices = [self.integer(i, scope, "an index") for i in expr.indices]
        if isinstance(value, NodeArray):
            return self._node_of(value, indices, expr)
        if isinstance(value, (list, range)):
            if len(indices) != 1:
                fail("BSN206", f"{describe(value)} takes one index, not {len(indices)}", expr.span)
            _check_index(indices[0], len(value), "the list", expr.indices[0].span)
            return value[indices[0]]
        fail("BSN206", f"{describe(value)} cannot be indexed", expr.value.span)

    def _node_of(self, array: NodeArray, indices: list[int], expr: ast.Index) -> NodeRef:
        if len(indices) != len(array.extent):
            message = f"`{array.name}` has {len(array.extent)} dimensions, but is indexed with {len(indices)}"
            fail("BSN206", message, expr.span)
        for index, size, part in zip(indices, array.extent, expr.indices, strict=True):
            _check_index(index, size, f"`{array.name}`", part.span)
        return NodeRef(f"{array.name}[{','.join(map(str, indices))}]")


def _value_of(scope: Scope, name: str) -> Value:
    binding = scope.lookup(name)
    return POISON if binding is None else binding.value


def _check_index(index: int, size: int, what: str, span: SourceSpan) -> None:
    if not 0 <= index < size:
        fail("BSN208", f"index {index} is outside of {what}, which has indices 0 to {size - 1} here", span)


_EVALUATE: dict[type, Callable[..., Value]] = {
    ast.Number: Evaluator.number,
    ast.String: Evaluator.literal,
    ast.Boolean: Evaluator.literal,
    ast.Name: Evaluator.name,
    ast.ListLiteral: Evaluator.list_literal,
    ast.Unary: Evaluator.unary,
    ast.Binary: Evaluator.binary,
    ast.Range: Evaluator.range,
    ast.Conditional: Evaluator.conditional,
    ast.Pipe: Evaluator.pipe,
    ast.Index: Evaluator.index,
    ast.Call: Evaluator.call,
}
