"""Edges: the gate they follow, and the modules, cells and choices that they carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan
from bsnc.ops import OPS
from bsnc.sema.elaboration.context import Context, numbered
from bsnc.sema.elaboration.loops import iterations
from bsnc.sema.elaboration.raw import RawEdge, RawGate, RawNode, Use, iteration_text, one_line
from bsnc.sema.expressions.bind import bind_op
from bsnc.sema.expressions.together import PoisonedError, together
from bsnc.sema.expressions.values import CellUse, GateRef, Initial, Module, NodeRef, Scope, Stage
from bsnc.syntax import ast

MAX_EDGES = 100_000
MAX_OPTIONS = 1_000

Instantiate = Callable[[Context, CellUse, str, Use], tuple[str, str]]
"""Elaborates a cell under a prefix; names of the nodes of its input and its output."""
Options = list[tuple[str, Module | None]]
"""Text and module of each option of a choice; None is `none`."""


@dataclass(frozen=True)
class Follows:
    """What keeps an edge: nothing (`gate` None), a gate, or an option of one; OWN is a gate of the edge's own."""

    gate: str | None
    option: int | None = None


FIXED = Follows(None)
OWN = Follows("")


def add_edge(context: Context, statement: ast.EdgeDeclaration, scope: Scope, instantiate: Instantiate) -> None:
    """The edges that a statement means: one, or several where it carries cells or a choice. Raises Diagnosed."""
    module = statement.module
    gate = module.gate if isinstance(module, ast.Choice) else statement.gate
    parts: list[Callable[[], object]] = [
        partial(_end, context, "input", statement.source, scope),
        partial(_end, context, "output", statement.target, scope),
        partial(_gate, context, statement, gate, scope),
        partial(_options, context, module, scope)
        if isinstance(module, ast.Choice)
        else partial(context.evaluator.module, module, scope),
    ]
    source, target, shared, carried = cast(
        tuple[NodeRef, NodeRef, GateRef | None, Module | Options], tuple(together(parts))
    )
    _check_ends(context, statement, context.node(source.name), context.node(target.name))
    connect = _Connect(context, statement, source.name, target.name, instantiate)
    if isinstance(carried, list):
        connect.choice(carried, shared)
    elif shared is not None:
        connect.module(carried, Follows(_use_gate(context, shared, (), statement.span)))
    else:
        connect.module(carried, FIXED if statement.fixed else OWN)


def _end(context: Context, kind: str, expr: ast.Expr, scope: Scope) -> NodeRef:
    """A node that an edge joins. In a network that lacks its input or output, an unknown name is that one."""
    if kind in context.lacks and isinstance(expr, ast.Name) and scope.lookup(expr.text) is None:
        raise PoisonedError
    return context.evaluator.node(expr, scope)


def _gate(context: Context, statement: ast.EdgeDeclaration, gate: ast.Expr | None, scope: Scope) -> GateRef | None:
    """The declared gate that a statement names. Raises Diagnosed."""
    if statement.fixed and (gate is not None or isinstance(statement.module, ast.Choice)):
        what = "gate" if gate is not None else "choice"
        span = gate.span if gate is not None else statement.module.span
        message = f"a fixed edge is always kept: it has no {what}"
        raise Diagnosed(Diagnostic("BSN308", message, span, help="remove `fixed`"))
    return None if gate is None else context.evaluator.gate(gate, scope)


def _use_gate(context: Context, used: GateRef, options: tuple[str, ...], span: SourceSpan) -> str:
    """The name of a gate, which all edges must use alike. Raises Diagnosed (BSN308)."""
    name, init = used.name, used.init
    if options and init is not None:
        raise Diagnosed(_starts_alike(name, init, span))
    gate = context.result.gates.setdefault(name, RawGate(name, options, span, init and init.probability))
    if len(gate.options) == len(options):
        return name
    message = f"gate `{name}` is shared by {_gate_text(len(options))} and {_gate_text(len(gate.options))}"
    help_text = "edges that share a gate are kept together, or choose the option of the same number"
    labels = (Label(gate.span, f"{_gate_text(len(gate.options))} here"),)
    raise Diagnosed(Diagnostic("BSN308", message, span, labels=labels, help=help_text))


def _starts_alike(name: str, init: Initial, span: SourceSpan) -> Diagnostic:
    message = f"gate `{name}` has an initial probability, but the options of a choice start alike"
    labels = (Label(init.span, "given here"),)
    return Diagnostic("BSN308", message, span, labels=labels, help="declare the gate without one")


def _gate_text(options: int) -> str:
    return f"a choice of {options}" if options else "an edge that it keeps or drops"


def _check_ends(context: Context, statement: ast.EdgeDeclaration, source: RawNode, target: RawNode) -> None:
    """Raises Diagnosed (BSN305)."""
    for end, node in ((statement.source, source), (statement.target, target)):
        if node.cell != context.cell:
            message = f"an edge of a cell joins nodes of that cell; `{node.name}` is not one"
            declared = Label(node.span, "declared here")
            raise Diagnosed(Diagnostic("BSN305", message, end.span, labels=(declared,)))
    if target.kind == "input":
        message, wrong, node = "an edge into the input", statement.target, target
    elif source.kind == "output":
        message, wrong, node = "an edge out of the output", statement.source, source
    else:
        return
    declared = Label(node.span, f"the {node.kind}, declared here")
    raise Diagnosed(Diagnostic("BSN305", message, wrong.span, labels=(declared,)))


# ---- choices ----


def _options(context: Context, choice: ast.Choice, scope: Scope) -> Options:
    """Every option of a choice, loops unrolled. Raises Diagnosed."""
    found: Options = []
    taken: dict[str, int] = {}
    mistakes: list[Diagnostic] = []
    poisoned = False
    for option, inner, loop in _unrolled(context, choice.options, scope, ""):
        if len(found) >= MAX_OPTIONS:
            raise Diagnosed(Diagnostic("BSN213", f"more than {MAX_OPTIONS:,} options", option.span))
        text = f"{one_line(option.value.span, 200)}{f' ({loop})' if loop else ''}"
        module = None
        try:
            module = _option(context, option.value, inner)
        except PoisonedError:
            poisoned = True
        except Diagnosed as mistake:
            mistakes += [_of_option(d, text) if loop else d for d in mistake.diagnostics]
        found.append((text + numbered(taken, text), module))
    if mistakes:
        raise Diagnosed(*mistakes)
    if poisoned:
        raise PoisonedError
    if all(module is None for _, module in found):
        message = "a choice needs an option besides `none`" if found else "a choice without options"
        raise Diagnosed(Diagnostic("BSN308", message, choice.span, help="for example `choice { none; conv(16, 3) }`"))
    return found


def _of_option(diagnostic: Diagnostic, text: str) -> Diagnostic:
    """In which iteration of the choice's own loops it is."""
    return replace(diagnostic, notes=(*diagnostic.notes, f"in option `{text}`"))


def _unrolled(
    context: Context, statements: tuple[ast.Statement, ...], scope: Scope, loop: str
) -> Iterator[tuple[ast.Option, Scope, str]]:
    """Options with the scope that they stand in and the values of the choice's own loops."""
    for statement in statements:
        if isinstance(statement, ast.Option):
            yield statement, scope, loop
        elif isinstance(statement, ast.If):
            taken = context.evaluator.truth(statement.condition, scope)
            yield from _unrolled(context, statement.then if taken else statement.otherwise, scope, loop)
        elif isinstance(statement, ast.For):
            depth = len(context.loop)
            for inner in iterations(context, statement, scope):
                values = iteration_text(context.loop[depth:])
                yield from _unrolled(context, statement.body, inner, ", ".join(filter(None, (loop, values))))


def _edge_name(cell: str, source: str, target: str) -> str:
    """`a->b`; inside of a cell `stage/unit.a->.b`, a dot for what the names of its nodes have in common."""
    inside = cell and source.startswith(cell) and target.startswith(cell)
    return f"{source}->.{target.removeprefix(cell)}" if inside else f"{source}->{target}"


def _option(context: Context, expr: ast.Expr, scope: Scope) -> Module | None:
    if isinstance(expr, ast.Conditional):
        taken = context.evaluator.truth(expr.condition, scope)
        return _option(context, expr.then if taken else expr.otherwise, scope)
    if isinstance(expr, ast.Name) and expr.text == "none" and scope.lookup("none") is None:
        return None
    return context.evaluator.module(expr, scope)


# ---- modules, and the cells in them ----


class _Connect:
    """Adds the edges of one statement, from `source` to `target`."""

    def __init__(
        self, context: Context, statement: ast.EdgeDeclaration, source: str, target: str, instantiate: Instantiate
    ) -> None:
        self.context, self.statement = context, statement
        self.source, self.target, self.instantiate = source, target, instantiate

    def choice(self, options: Options, shared: GateRef | None) -> None:
        gate = GateRef(self._choice_name()) if shared is None else shared
        name = _use_gate(self.context, gate, tuple(text for text, _ in options), self.statement.span)
        for number, (_, module) in enumerate(options):
            if module is not None:
                self.module(module, Follows(name, number))

    def _choice_name(self) -> str:
        """`a->b/choice`, `a->b/choice#1` for the next between the same nodes."""
        name = f"{_edge_name(self.context.cell, self.source, self.target)}/choice"
        return name + numbered(self.context.instances, name)

    def module(self, module: Module, follows: Follows) -> None:
        """An edge; where the module holds cells, one up to each cell, which follows the gate, and one behind."""
        here, ops = self.source, list[Stage]()
        prefixes = self._prefixes(module)
        for stage in module.stages:
            if isinstance(stage, Stage):
                ops.append(stage)
                continue
            use = Use(stage.cell.declaration.name.text, self.statement.span, tuple(self.context.loop))
            entry, leave = self.instantiate(self.context, stage, next(prefixes), use)
            self._add(here, entry, ops, follows)
            here, ops, follows = leave, [], FIXED
        self._add(here, self.target, ops, follows)

    def _prefixes(self, module: Module) -> Iterator[str]:
        """`stage[0]/unit.`, or `stage[0]/unit[2].` where the module holds the cell several times."""
        cells = [stage.cell.declaration.name.text for stage in module.stages if isinstance(stage, CellUse)]
        for i, cell in enumerate(cells):
            name = f"{self.target}/{cell}" + (f"[{cells[:i].count(cell)}]" if cells.count(cell) > 1 else "")
            yield f"{name}{numbered(self.context.instances, name)}."

    def _add(self, source: str, target: str, stages: list[Stage], follows: Follows) -> None:
        context, span = self.context, self.statement.span
        if len(context.result.edges) >= MAX_EDGES:
            raise Diagnosed(Diagnostic("BSN213", f"more than {MAX_EDGES:,} edges", span))
        context.evaluator.step(span, len(stages))
        name = _edge_name(context.cell, source, target)
        name += numbered(context.instances, name)
        gate = _use_gate(context, GateRef(name), (), span) if follows is OWN else follows.gate
        module = tuple(stages) or bind_op(context.evaluator, OPS["identity"], (), self.statement.module.span, Scope())
        place = (span, tuple(context.loop), context.uses)
        context.result.edges.append(RawEdge(name, source, target, module, gate, follows.option, *place))
