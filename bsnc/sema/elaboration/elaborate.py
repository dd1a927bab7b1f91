"""Statements of a network → nodes and edges with provenance. Shapes come later, in `build`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bsnc.diagnostics import Diagnosed, Diagnostic, SourceSpan
from bsnc.sema.elaboration.context import Context, LimitExceededError, Ports
from bsnc.sema.elaboration.edges import add_edge
from bsnc.sema.elaboration.loops import iterations
from bsnc.sema.elaboration.nodes import declare_end, declare_gate, declare_node, declare_port
from bsnc.sema.elaboration.raw import RawNetwork, Use, declared_twice, missing_end
from bsnc.sema.expressions.evaluate import Evaluator, unknown_arguments
from bsnc.sema.expressions.parameters import parameter_value
from bsnc.sema.expressions.together import PoisonedError
from bsnc.sema.expressions.values import POISON, Binding, BlockValue, CellUse, CellValue, Scope
from bsnc.sema.names import declarations, walk
from bsnc.sema.settings import option_mistake
from bsnc.syntax import ast

MAX_CELL_DEPTH = 30


def elaborate(
    network: ast.Network, settings: Mapping[str, Binding], surroundings: Scope, evaluator: Evaluator
) -> RawNetwork:
    """Run the body of a network in the scope of its file. Mistakes end up in `diagnostics`; what depends on them is
    left out silently."""
    evaluator.declared |= {name.text: name.span for name in declarations(network.body)}
    context = Context(evaluator, RawNetwork(network.name.text, network.name.span), lacks=_missing_ends(network))
    for kind in sorted(context.lacks):
        context.result.report(missing_end(context.result, kind))
    scope = Scope(surroundings)
    try:
        for parameter in network.parameters:
            _declare_parameter(context, parameter, settings, scope)
        _run(context, network.body, scope)
    except LimitExceededError:
        pass
    return context.result


def _missing_ends(network: ast.Network) -> frozenset[str]:
    declared = {end.kind for end in walk(network.body) if isinstance(end, (ast.End, ast.Port))}
    return frozenset({"input", "output"} - declared)


def declare_name(context: Context, item: ast.Let | ast.Block | ast.Cell, scope: Scope) -> None:
    """Something that a file declares outside of networks. Raises LimitExceededError."""
    _attempt(context, item, scope)


def _run(context: Context, statements: tuple[ast.Statement, ...], scope: Scope) -> None:
    for statement in statements:
        _attempt(context, statement, scope)
    check_unused(context, scope)


def _attempt(context: Context, statement: ast.Statement, scope: Scope) -> None:
    try:
        context.evaluator.step(statement.span)
        _HANDLERS[type(statement)](context, statement, scope)
    except PoisonedError:
        context.result.complete = False
        _poison(statement, scope)
    except Diagnosed as mistake:
        _poison(statement, scope)
        context.report(mistake, statement)


def _let(context: Context, statement: ast.Let, scope: Scope) -> None:
    context.declare(statement.name, context.evaluator.value(statement.value, scope), scope)


def _block(context: Context, statement: ast.Block, scope: Scope) -> None:
    _check_parameters(statement)
    context.declare(statement.name, BlockValue(statement, scope.until_now()), scope)


def _cell(context: Context, statement: ast.Cell, scope: Scope) -> None:
    _check_parameters(statement)
    context.declare(statement.name, CellValue(statement, scope.until_now()), scope)


def _edge(context: Context, statement: ast.EdgeDeclaration, scope: Scope) -> None:
    add_edge(context, statement, scope, _instantiate)


def _for(context: Context, statement: ast.For, scope: Scope) -> None:
    for inner in iterations(context, statement, scope):
        _run(context, statement.body, inner)


def _if(context: Context, statement: ast.If, scope: Scope) -> None:
    taken = context.evaluator.truth(statement.condition, scope)
    _run(context, statement.then if taken else statement.otherwise, Scope(scope))


_HANDLERS: dict[type[ast.Syntax], Callable[[Context, Any, Scope], None]] = {
    ast.Let: _let,
    ast.Block: _block,
    ast.Cell: _cell,
    ast.NodeDeclaration: declare_node,
    ast.GateDeclaration: declare_gate,
    ast.EdgeDeclaration: _edge,
    ast.End: declare_end,
    ast.Port: declare_port,
    ast.For: _for,
    ast.If: _if,
}


def _poison(statement: ast.Statement, scope: Scope) -> None:
    """After a failed declaration its name still exists, so that its uses are no further mistakes."""
    if isinstance(statement, ast.Port) and isinstance(statement.node, ast.Name):
        name, span = statement.node.text, statement.node.span
    elif isinstance(statement, (ast.Let, ast.Block, ast.Cell, ast.NodeDeclaration, ast.GateDeclaration, ast.End)):
        name, span = statement.name.text, statement.name.span
    else:
        return
    if scope.lookup(name) is None:
        scope.declare(name, POISON, span)


def _declare_parameter(
    context: Context, parameter: ast.Parameter, settings: Mapping[str, Binding], scope: Scope
) -> None:
    name, given = parameter.name.text, settings.get(parameter.name.text)
    try:
        if given is None:
            context.declare(parameter.name, parameter_value(parameter, context.evaluator, scope), scope)
        else:
            value = context.evaluator.fit(given.value, parameter, scope, given.span)
            context.declare(parameter.name, value, scope, given.label)
    except PoisonedError:
        scope.declare(name, POISON, parameter.name.span)
    except Diagnosed as mistake:
        if scope.lookup(name) is None:
            scope.declare(name, POISON, parameter.name.span)
        for diagnostic in mistake.diagnostics:
            from_outside = given is not None and diagnostic.span == given.span
            context.result.report(option_mistake(diagnostic) if from_outside else diagnostic)


def _check_parameters(callee: ast.Block | ast.Cell) -> None:
    seen: dict[str, SourceSpan] = {}
    for parameter in callee.parameters:
        name = parameter.name
        if name.text in seen:
            raise Diagnosed(declared_twice(name.text, name.span, seen[name.text]))
        seen[name.text] = name.span


# ---- cells ----


def _instantiate(context: Context, stage: CellUse, prefix: str, use: Use) -> tuple[str, str]:
    """Run the body of a cell under a prefix; the nodes of its input and its output. Raises Diagnosed."""
    cell = stage.cell.declaration
    context.used_cells.add(id(cell))
    context.evaluator.step(stage.span, 2)
    if len(context.uses) >= MAX_CELL_DEPTH:
        raise Diagnosed(Diagnostic("BSN213", f"cells use cells more than {MAX_CELL_DEPTH} deep", stage.span))
    scope = context.evaluator.bind_parameters(stage.cell, stage.given, stage.span)
    known = len(context.result.diagnostics)
    with context.inside(prefix, use) as ports:
        _run(context, cell.body, scope)
    if ports.input is None or ports.output is None:
        if len(context.result.diagnostics) > known or _tells_ports(cell) == {"input", "output"}:
            raise PoisonedError
        raise Diagnosed(_no_port(cell, ports))
    return ports.input[0], ports.output[0]


def _tells_ports(cell: ast.Cell) -> set[str]:
    return {statement.kind for statement in cell.body if isinstance(statement, ast.Port)}


def _no_port(cell: ast.Cell, ports: Ports) -> Diagnostic:
    kind = "input" if ports.input is None else "output"
    message = f"cell `{cell.name.text}` does not say which node is its {kind}"
    return Diagnostic("BSN302", message, cell.name.span, help=f"name one of its nodes, as in `{kind} v[0]`")


# ---- what no edge uses ----


def check_unused(context: Context, scope: Scope) -> None:
    """A mistake in a block or cell that no edge uses is a mistake too, where no argument is needed to see it; those
    of an imported file are its own."""
    for binding in scope.own():
        if binding.span.source is not context.result.span.source:
            continue
        try:
            if isinstance(binding.value, BlockValue):
                context.evaluator.check_block(binding.value, binding.span)
            elif isinstance(binding.value, CellValue) and id(binding.value.declaration) not in context.used_cells:
                _check_cell(context, binding.value, binding.span)
        except PoisonedError:
            continue
        except Diagnosed as mistake:
            context.report(mistake)


def _check_cell(context: Context, cell: CellValue, span: SourceSpan) -> None:
    """Elaborate an instance with unknown arguments apart; only its mistakes are kept. Raises Diagnosed."""
    declaration = cell.declaration
    context.used_cells.add(id(declaration))
    apart = Context(
        context.evaluator, RawNetwork(context.result.name, span), cell=f"{context.cell}{declaration.name.text}."
    )
    apart.used_cells, apart.outer = context.used_cells, context
    _run(apart, declaration.body, context.evaluator.bind_parameters(cell, unknown_arguments(cell), span))
    if apart.result.diagnostics:
        raise Diagnosed(*apart.result.diagnostics)
    if _tells_ports(declaration) != {"input", "output"} and not (apart.ports.input and apart.ports.output):
        raise Diagnosed(_no_port(declaration, apart.ports))
