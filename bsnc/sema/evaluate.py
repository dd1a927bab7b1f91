"""Expressions → values. Total: bounded steps, bounded numbers, no recursion of blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import NoReturn

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ops import OPS
from bsnc.sema.arithmetic import binary, bounded, negate
from bsnc.sema.bind import bind_arguments, bind_op
from bsnc.sema.functions import FUNCTIONS
from bsnc.sema.together import PoisonedError, together
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
MAX_BLOCK_DEPTH = 100


def fail(code: str, message: str, span: SourceSpan, help: str | None = None, *labels: Label) -> NoReturn:
    raise Diagnosed(Diagnostic(code, message, span, help=help, labels=labels))


class Evaluator:
    """Evaluates expressions in scopes and counts the steps of the whole elaboration.

    Raises Diagnosed for the user's mistakes and PoisonedError where one was reported already.
    """

    def __init__(self, declared: Mapping[str, SourceSpan] | None = None) -> None:
        """`declared` has all that the network declares, visible or not, and where: it only serves messages."""
        self.steps = 0
        self.block_depth = 0
        self.declared = declared or {}
        self.suggestions: dict[tuple[str, str], str | None] = {}

    def step(self, span: SourceSpan, steps: int = 1) -> None:
        self.steps += steps
        if self.steps > MAX_STEPS:
            fail("BSN213", f"elaboration takes more than {MAX_STEPS:,} steps", span)

    def misfit(self, expr: ast.Expr, scope: Scope, code: str, message: str, help: str | None = None) -> NoReturn:
        """A value does not fit its place. Where a mere name gave it, the declaration is shown, and further uses of
        the name are silent: they would be the same mistake."""
        binding = scope.lookup(expr.text) if isinstance(expr, ast.Name) else None
        if binding is None:
            fail(code, message, expr.span, help)
        binding.value = POISON
        fail(code, message, expr.span, help, Label(binding.span, binding.label))

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
            help_text = f"compare it, for example `{expr.span.text} > 0`" if is_int(value) else None
            message = f"a condition must be true or false, not {describe(value)}"
            self.misfit(expr, scope, "BSN206", message, help_text)
        return value

    def integer(self, expr: ast.Expr, scope: Scope, what: str, minimum: int | None = None) -> int:
        value = self.value(expr, scope)
        if not is_int(value):
            code = "BSN207" if isinstance(value, Quantity) else "BSN206"
            self.misfit(expr, scope, code, f"{what} must be an int, not {describe(value)}")
        if minimum is not None and value < minimum:
            self.misfit(expr, scope, "BSN209", f"{what} must be at least {minimum}, not {value}")
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
                return self._apply_block(binding.value, {}, expr.span)
            return binding.value
        if expr.text in OPS:
            return Module(bind_op(self, OPS[expr.text], (), expr.span, scope))
        if expr.text in FUNCTIONS:
            fail("BSN206", f"`{expr.text}` is a function: call it with arguments", expr.span)
        return self._unknown("BSN201", f"no name `{expr.text}` is visible here", expr.text, expr.span, scope)

    def call(self, expr: ast.Call, scope: Scope) -> Value:
        name = expr.name.text
        binding = scope.lookup(name)
        if binding is not None:
            if isinstance(binding.value, Poison):
                raise PoisonedError
            if isinstance(binding.value, BlockValue):
                values = self._block_arguments(binding.value, expr, scope)
                return self._apply_block(binding.value, values, expr.span)
            declared = Label(binding.span, binding.label)
            message = f"`{name}` is {describe(binding.value)}, not something to call"
            fail("BSN206", message, expr.name.span, None, declared)
        if name in FUNCTIONS:
            return FUNCTIONS[name](self, expr, scope)
        if name in OPS:
            return Module(bind_op(self, OPS[name], expr.arguments, expr.span, scope))
        return self._unknown_op(name, expr.name.span, scope)

    def _unknown_op(self, name: str, span: SourceSpan, scope: Scope) -> NoReturn:
        self._unknown("BSN203", f"no op named `{name}`", name, span, scope)

    def _unknown(self, code: str, message: str, name: str, span: SourceSpan, scope: Scope) -> NoReturn:
        """Fails with the nearest name of the right kind, or with where the name is out of sight."""
        if name in self.declared:
            elsewhere = Label(self.declared[name], "declared here")
            help_text = "a name is visible below its declaration, up to the end of the braces around that"
            fail("BSN201", f"no name `{name}` is visible here", span, help_text, elsewhere)
        if (code, name) not in self.suggestions:
            known = [n for n in scope.visible() if code == "BSN201" or _is_module(scope, n)]
            known += [*OPS, *(FUNCTIONS if code == "BSN201" else ())]
            self.suggestions[code, name] = did_you_mean(name, known)
        fallback = "docs/ops.md lists every op" if code == "BSN203" else None
        fail(code, message, span, self.suggestions[code, name] or fallback)

    def check_block(self, block: BlockValue, span: SourceSpan) -> None:
        """Raises Diagnosed for mistakes in a block that no arguments could mend."""
        parameters = block.declaration.parameters
        self._apply_block(block, {p.name.text: Binding(POISON, p.span) for p in parameters}, span)

    def _block_arguments(self, block: BlockValue, call: ast.Call, scope: Scope) -> dict[str, Binding]:
        names = [p.name.text for p in block.declaration.parameters]
        given = bind_arguments(f"block `{call.name.text}`", names, call.arguments)
        values = together([partial(self.value, argument.value, scope) for argument in given.values()])
        label = "given here"
        return {n: Binding(v, a.span, label) for (n, a), v in zip(given.items(), values, strict=True)}

    def _apply_block(self, block: BlockValue, given: Mapping[str, Binding], use: SourceSpan) -> Module:
        self.step(use, 2)
        if self.block_depth >= MAX_BLOCK_DEPTH:
            fail("BSN213", f"blocks use blocks more than {MAX_BLOCK_DEPTH} deep", use)
        inner = Scope(block.scope)
        self.block_depth += 1
        try:
            for parameter in block.declaration.parameters:
                name = parameter.name.text
                bound = given.get(name) or self._default(block.declaration, parameter, inner, use)
                inner.declare(name, bound.value, bound.span, bound.label)
            return self.module(block.declaration.value, inner)
        finally:
            self.block_depth -= 1

    def _default(self, block: ast.Block, parameter: ast.BlockParameter, scope: Scope, use: SourceSpan) -> Binding:
        """The default may use the parameters before it."""
        if parameter.default is not None:
            return Binding(self.value(parameter.default, scope), parameter.span)
        declared = Label(parameter.span, "declared here")
        message = f"block `{block.name.text}` needs argument `{parameter.name.text}`"
        fail("BSN204", message, use, None, declared)

    # ---- modules ----

    def _pipe(self, expr: ast.Pipe, scope: Scope) -> Module:
        stages: list[Stage] = []

        def append(part: ast.Expr) -> None:
            stages.extend(self.module(part, scope).stages)
            if len(stages) > MAX_STAGES:
                fail("BSN213", f"a module of more than {MAX_STAGES:,} ops", expr.span)

        together([partial(append, part) for part in expr.stages])
        self.step(expr.span, len(stages))
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
        scaled = expr.value * factor if factor >= 1 else expr.value / round(1 / factor)
        if dimension == "count" and expr.unit and float(scaled).is_integer():
            scaled = int(scaled)
        if isinstance(scaled, int) or not math.isfinite(scaled):
            bounded(scaled, expr.span)
        return scaled if dimension == "count" else Quantity(scaled, dimension)  # pyright: ignore[reportArgumentType]

    def literal(self, expr: ast.String | ast.Boolean, scope: Scope) -> Value:  # noqa: ARG002
        return expr.value

    def list_literal(self, expr: ast.ListLiteral, scope: Scope) -> Value:
        return together([partial(self.value, item, scope) for item in expr.items])

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
        stop = self.integer(expr.stop, scope, "the end of a range")
        bounded(stop - start, expr.span)
        return range(start, stop)

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


def _is_module(scope: Scope, name: str) -> bool:
    binding = scope.lookup(name)
    return binding is not None and isinstance(binding.value, (BlockValue, Module))


def _check_index(index: int, size: int, what: str, span: SourceSpan) -> None:
    if not 0 <= index < size:
        extent = f"has indices 0 to {size - 1} here" if size else "is empty here"
        fail("BSN208", f"index {index} is outside of {what}, which {extent}", span)


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
