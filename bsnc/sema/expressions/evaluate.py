"""Expressions → values. Total: bounded steps, bounded numbers, no recursion of blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import NoReturn

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ops import OPS
from bsnc.sema.expressions.arithmetic import binary, bounded, negate
from bsnc.sema.expressions.bind import bind_arguments, bind_op
from bsnc.sema.expressions.extern import extern_module
from bsnc.sema.expressions.functions import FUNCTIONS
from bsnc.sema.expressions.indexing import element
from bsnc.sema.expressions.parameters import check_limits, coerce
from bsnc.sema.expressions.together import PoisonedError, together
from bsnc.sema.expressions.values import (
    POISON,
    Binding,
    BlockValue,
    CellUse,
    CellValue,
    GateArray,
    GateRef,
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

MAX_STEPS = 5_000_000
"""Enough for a fabric of as many edges as there may be."""
MAX_STAGES = 1_000
MAX_BLOCK_DEPTH = 100


_HABITS = {
    "none": "`none` is an option of a choice: `choice { none; … }`",
    "range": "a range is written `0..3`",
    "True": "write `true`",
    "False": "write `false`",
    "None": "an argument that is left out has its default",
}
"""What to write for names that come from elsewhere."""


def fail(code: str, message: str, span: SourceSpan, help: str | None = None, *labels: Label) -> NoReturn:
    raise Diagnosed(Diagnostic(code, message, span, help=help, labels=labels))


class Evaluator:
    """Evaluates expressions in scopes and counts the steps of the whole elaboration.

    Raises Diagnosed for the user's mistakes and PoisonedError where one was reported already.
    """

    def __init__(self, allow_extern: bool = False) -> None:
        """`declared` has all that a network declares, visible or not, and where: it only serves messages. Where not
        `knows_all`, as an imported file could not be read, an unknown name is no mistake of its own."""
        self.steps = 0
        self.block_depth = 0
        self.declared: dict[str, SourceSpan] = {}
        self.knows_all = True
        self.allow_extern = allow_extern
        self._plain_ops: dict[int, tuple[ast.Name, Module]] = {}
        self._applied: dict[Hashable, tuple[BlockValue, Module]] = {}
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
        binding = scope.lookup(expr.text) if isinstance(expr, ast.Name) else None
        if binding is not None and isinstance(binding.value, (BlockValue, CellValue)):
            help_text = f"edges carry it: `edge a -> b : {expr.span.text}`"
            fail("BSN206", f"an edge joins nodes; this is {describe(binding.value)}", expr.span, help_text)
        value = self.value(expr, scope)
        if isinstance(value, NodeArray):
            indices = ", ".join("0" for _ in value.extent)
            message = f"`{value.name}` is an array of nodes; an edge joins single nodes"
            fail("BSN206", message, expr.span, f"index it, as in `{value.name}[{indices}]`")
        if not isinstance(value, NodeRef):
            fail("BSN206", f"an edge joins nodes; this is {describe(value)}", expr.span)
        return value

    def gate(self, expr: ast.Expr, scope: Scope) -> GateRef:
        if isinstance(expr, ast.Name) and scope.lookup(expr.text) is None and self.knows_all:
            fail("BSN201", f"no gate `{expr.text}` is visible here", expr.span, f"declare it: `gate {expr.text}`")
        value = self.value(expr, scope)
        if not isinstance(value, GateRef):
            is_array = isinstance(value, GateArray)
            help_text = f"index it, as in `{expr.span.text}[0]`" if is_array else "declare one, as in `gate g`"
            fail("BSN206", f"`@` is followed by a gate; this is {describe(value)}", expr.span, help_text)
        return value

    # ---- names, blocks, calls ----

    def name(self, expr: ast.Name, scope: Scope) -> Value:
        binding = scope.lookup(expr.text)
        if binding is not None:
            if isinstance(binding.value, Poison):
                raise PoisonedError
            if isinstance(binding.value, (BlockValue, CellValue)):
                return self._apply(binding.value, {}, expr.span)
            return binding.value
        if expr.text in OPS:
            return self._plain_op(expr, scope)
        if expr.text in FUNCTIONS:
            fail("BSN206", f"`{expr.text}` is a function: call it with arguments", expr.span)
        return self._unknown("BSN201", f"no name `{expr.text}` is visible here", expr.text, expr.span, scope)

    def _plain_op(self, expr: ast.Name, scope: Scope) -> Module:
        """An op without arguments is the same at each evaluation."""
        if id(expr) not in self._plain_ops:
            self._plain_ops[id(expr)] = expr, Module(bind_op(self, OPS[expr.text], (), expr.span, scope))
        return self._plain_ops[id(expr)][1]

    def call(self, expr: ast.Call, scope: Scope) -> Value:
        name = expr.name.text
        binding = scope.lookup(name)
        if binding is not None:
            if isinstance(binding.value, Poison):
                raise PoisonedError
            if isinstance(binding.value, (BlockValue, CellValue)):
                return self._apply(binding.value, self._arguments(binding.value, expr, scope), expr.span)
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
        if not self.knows_all:
            raise PoisonedError
        if name in self.declared:
            elsewhere = Label(self.declared[name], "declared here")
            help_text = "a name is visible below its declaration, up to the end of the braces around that"
            fail("BSN201", f"no name `{name}` is visible here", span, help_text, elsewhere)
        if (code, name) not in self.suggestions:
            known = [n for n in scope.visible() if code == "BSN201" or _is_module(scope, n)]
            known += [*OPS, *(FUNCTIONS if code == "BSN201" else ())]
            self.suggestions[code, name] = did_you_mean(name, known)
        fallback = "docs/ops.md lists every op" if code == "BSN203" else None
        fail(code, message, span, _HABITS.get(name) or self.suggestions[code, name] or fallback)

    def check_block(self, block: BlockValue, span: SourceSpan) -> None:
        """Raises Diagnosed for mistakes in a block that no arguments could mend."""
        self._apply_block(block, unknown_arguments(block), span)

    def _arguments(self, callee: BlockValue | CellValue, call: ast.Call, scope: Scope) -> dict[str, Binding]:
        parameters = {p.name.text: p for p in callee.declaration.parameters}
        given = bind_arguments(f"{_kind(callee)} `{call.name.text}`", list(parameters), call.arguments)

        def bind(name: str, argument: ast.Argument) -> Binding:
            value = self.value(argument.value, scope)
            fitted = self.fit(value, parameters[name], callee.scope, argument.value.span)
            return Binding(fitted, argument.span, "given here")

        values = together([partial(bind, name, argument) for name, argument in given.items()])
        return dict(zip(given, values, strict=True))

    def _apply(self, callee: BlockValue | CellValue, given: Mapping[str, Binding], use: SourceSpan) -> Module:
        if isinstance(callee, BlockValue):
            return self._apply_block(callee, given, use)
        self.bind_parameters(callee, given, use)
        return Module((CellUse(callee, given, use),))

    def _apply_block(self, block: BlockValue, given: Mapping[str, Binding], use: SourceSpan) -> Module:
        """A block applied to the same plain values is the same module; it is evaluated once."""
        self.step(use, 2)
        key = _plain_key(block, given)
        if key is None:
            return self._evaluate_block(block, given, use)
        if key not in self._applied:
            self._applied[key] = block, self._evaluate_block(block, given, use)
        return self._applied[key][1]

    def _evaluate_block(self, block: BlockValue, given: Mapping[str, Binding], use: SourceSpan) -> Module:
        if self.block_depth >= MAX_BLOCK_DEPTH:
            fail("BSN213", f"blocks use blocks more than {MAX_BLOCK_DEPTH} deep", use)
        self.block_depth += 1
        try:
            return self.module(block.declaration.value, self.bind_parameters(block, given, use))
        finally:
            self.block_depth -= 1

    def bind_parameters(self, callee: BlockValue | CellValue, given: Mapping[str, Binding], use: SourceSpan) -> Scope:
        """The scope of a body: parameters as given or by default, where a default may use those before it."""
        inner = Scope(callee.scope)
        for parameter in callee.declaration.parameters:
            bound = given.get(parameter.name.text) or self._default(callee, parameter, inner, use)
            inner.declare(parameter.name.text, bound.value, bound.span, bound.label)
        return inner

    def _default(
        self, callee: BlockValue | CellValue, parameter: ast.Parameter, scope: Scope, use: SourceSpan
    ) -> Binding:
        if parameter.default is not None:
            value = self.value(parameter.default, scope)
            return Binding(self.fit(value, parameter, scope, parameter.default.span), parameter.span)
        declared = Label(parameter.span, "declared here")
        message = f"{_kind(callee)} `{callee.declaration.name.text}` needs argument `{parameter.name.text}`"
        fail("BSN204", message, use, None, declared)

    def fit(self, value: Value, parameter: ast.Parameter, scope: Scope, span: SourceSpan) -> Value:
        """The value as the parameter's type, within its limits. Raises Diagnosed (BSN206, BSN207, BSN209)."""
        if isinstance(value, Poison):
            raise PoisonedError
        if parameter.type is not None:
            value = coerce(value, parameter.name.text, parameter.type, span)
        if parameter.limits is not None:
            check_limits(self, value, parameter, scope, span)
        return value

    # ---- modules ----

    def _pipe(self, expr: ast.Pipe, scope: Scope) -> Module:
        stages: list[Stage | CellUse] = []

        def append(part: ast.Expr) -> None:
            stages.extend(self.module(part, scope).stages)
            _check_length(len(stages), expr.span)

        together([partial(append, part) for part in expr.stages])
        self.step(expr.span, len(stages))
        return Module(tuple(stages))

    def repeat(self, expr: ast.Repeat, scope: Scope) -> Value:
        count = self.integer(expr.count, scope, "the number of repetitions", minimum=0)
        stages = self.module(expr.module, scope).stages
        _check_length(len(stages) * count, expr.span)
        self.step(expr.span, len(stages) * count)
        return Module(stages * count)

    def extern(self, expr: ast.Extern, scope: Scope) -> Value:
        return extern_module(self, expr, scope)

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
        return element(value, [self.integer(i, scope, "an index") for i in expr.indices], expr)


def _plain_key(block: BlockValue, given: Mapping[str, Binding]) -> Hashable:
    """What a block and its arguments are told by; None where an argument is more than a number, a truth value or text.
    What an identity stands for is kept beside it, here and elsewhere, so that nothing else takes it."""
    values = [(name, type(binding.value), binding.value) for name, binding in given.items()]
    if not all(isinstance(value, (int, float, str)) for *_, value in values):
        return None
    return (id(block), *values)


def unknown_arguments(callee: BlockValue | CellValue) -> dict[str, Binding]:
    """Arguments whose use is silent, for parameters without a default."""
    return {p.name.text: Binding(POISON, p.span) for p in callee.declaration.parameters if p.default is None}


def _kind(callee: BlockValue | CellValue) -> str:
    return "block" if isinstance(callee, BlockValue) else "cell"


def _check_length(stages: int, span: SourceSpan) -> None:
    if stages > MAX_STAGES:
        fail("BSN213", f"a module of more than {MAX_STAGES:,} ops", span)


def _is_module(scope: Scope, name: str) -> bool:
    binding = scope.lookup(name)
    return binding is not None and isinstance(binding.value, (BlockValue, CellValue, Module))


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
    ast.Repeat: Evaluator.repeat,
    ast.Extern: Evaluator.extern,
    ast.Index: Evaluator.index,
    ast.Call: Evaluator.call,
}
