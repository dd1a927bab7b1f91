"""Declarations of nodes, gates, and of the ends of networks and cells."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import NoReturn, cast

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ops import OPS
from bsnc.sema.elaboration.context import Context, numbered
from bsnc.sema.elaboration.raw import AGGREGATIONS, Aggregation, RawNode
from bsnc.sema.expressions.together import together
from bsnc.sema.expressions.values import (
    CellUse,
    GateArray,
    GateRef,
    Initial,
    NodeArray,
    NodeRef,
    Quantity,
    Scope,
    Stage,
    Value,
    describe,
    is_number,
    show,
)
from bsnc.syntax import ast

MAX_NODES = 100_000
DTYPES = ("float",)


def declare_end(context: Context, statement: ast.End, scope: Scope) -> None:
    """The input or the output of a network. Raises Diagnosed."""
    kind = statement.kind
    if context.cell:
        message = f"the {kind} of a cell is one of its nodes, without a shape"
        help_text = f"declare a node and name it, as in `{kind} v[0]`"
        raise Diagnosed(Diagnostic("BSN302", message, statement.span, help=help_text))
    previous = next((n for n in context.result.nodes.values() if n.kind == kind), None)
    if previous is not None:
        first = Label(previous.span, f"the first {kind}")
        raise Diagnosed(Diagnostic("BSN302", f"a network has one {kind}", statement.name.span, labels=(first,)))
    dtype = statement.tensor.dtype
    if dtype.text not in DTYPES:
        message = f"no element type `{dtype.text}`"
        raise Diagnosed(Diagnostic("BSN206", message, dtype.span, help=did_you_mean(dtype.text, DTYPES)))
    shape = _sizes(context, statement.tensor.shape, scope)
    context.declare(statement.name, NodeRef(statement.name.text), scope)
    _add_node(context, RawNode(statement.name.text, kind, statement.name.span, shape))


def declare_port(context: Context, statement: ast.Port, scope: Scope) -> None:
    """Which node of a cell holds its input or its output. Raises Diagnosed."""
    kind = statement.kind
    if not context.cell:
        example = {"input": "input image: float[3, 32, 32]", "output": "output logits: float[10]"}[kind]
        message = f"the {kind} of a network is declared with its shape"
        raise Diagnosed(Diagnostic("BSN302", message, statement.span, help=f"for example `{example}`"))
    node = context.node(context.evaluator.node(statement.node, scope).name)
    if node.cell != context.cell:
        declared = Label(node.span, "declared here")
        message = f"the {kind} of a cell is a node of that cell; `{node.name}` is not"
        raise Diagnosed(Diagnostic("BSN305", message, statement.node.span, labels=(declared,)))
    previous = context.ports.input if kind == "input" else context.ports.output
    if previous is not None:
        first = Label(previous[1], f"the first {kind}")
        raise Diagnosed(Diagnostic("BSN302", f"a cell has one {kind}", statement.span, labels=(first,)))
    setattr(context.ports, kind, (node.name, statement.span))


def declare_node(context: Context, statement: ast.NodeDeclaration, scope: Scope) -> None:
    """A node or an array of nodes. Raises Diagnosed."""
    aggregation, activations = _pipeline(context, statement.pipeline, scope)
    name, span = context.cell + statement.name.text, statement.name.span
    extent = _sizes(context, statement.extent, scope)
    if not extent:
        context.declare(statement.name, NodeRef(name), scope)
        _add_node(context, RawNode(name, "hidden", span, None, aggregation, activations, cell=context.cell))
        return
    _check_total(statement.name.text, "nodes", extent, statement.span)
    context.declare(statement.name, NodeArray(name, extent), scope)
    for indices in itertools.product(*(range(size) for size in extent)):
        element = f"{name}[{','.join(map(str, indices))}]"
        _add_node(context, RawNode(element, "hidden", span, None, aggregation, activations, True, context.cell))


def declare_gate(context: Context, statement: ast.GateDeclaration, scope: Scope) -> None:
    """A gate or an array of gates, others in each iteration of a loop; they come into being when an edge follows them.
    Raises Diagnosed."""
    parts: list[Callable[[], object]] = [
        partial(_sizes, context, statement.extent, scope),
        partial(_initial, context, statement.init, scope),
    ]
    extent, init = cast(tuple[tuple[int, ...], Initial | None], tuple(together(parts)))
    _check_total(statement.name.text, "gates", extent, statement.span)
    name = context.cell + statement.name.text
    name += numbered(context.instances, f"gate {name}")
    context.declare(statement.name, GateArray(name, extent, init) if extent else GateRef(name, init), scope)


def _initial(context: Context, expr: ast.Expr | None, scope: Scope) -> Initial | None:
    """The probability at which a gate starts; a percentage serves as a number. Raises Diagnosed."""
    if expr is None:
        return None
    value = context.evaluator.value(expr, scope)
    p = value.value if isinstance(value, Quantity) and value.dimension == "share" else value
    what = "an initial probability must be a number above 0 and below 1"
    if not is_number(p):
        code = "BSN207" if isinstance(value, Quantity) else "BSN206"
        context.evaluator.misfit(expr, scope, code, f"{what}, not {describe(value)}")
    if not 0 < p < 1:
        context.evaluator.misfit(expr, scope, "BSN209", f"{what}, not {_written(value, p)}")
    return Initial(float(p), expr.span)


def _written(value: Value, number: float) -> str:
    """A percentage as one."""
    return f"{show(100 * number)}%" if isinstance(value, Quantity) else show(value)


def _sizes(context: Context, sizes: tuple[ast.Expr, ...], scope: Scope) -> tuple[int, ...]:
    return tuple(context.evaluator.integer(size, scope, "a size", minimum=1) for size in sizes)


def _check_total(name: str, what: str, extent: tuple[int, ...], span: SourceSpan) -> None:
    total = 1
    for size in extent:
        total *= size
    if total > MAX_NODES:
        raise Diagnosed(Diagnostic("BSN213", f"`{name}` has {total:,} {what}, more than {MAX_NODES:,}", span))


def _add_node(context: Context, node: RawNode) -> None:
    """Declarations inside loops live in scopes of their own, but the network has one set of node names."""
    nodes = context.result.nodes
    previous = nodes.get(node.name)
    if previous is not None:
        again = previous.span == node.span
        labels = () if again else (Label(previous.span, "first declared here"),)
        message = f"node `{node.name}` is declared {'in every iteration' if again else 'twice'}"
        help_text = "declare an array of nodes before the loop, as in `node h[3]`" if again else None
        raise Diagnosed(Diagnostic("BSN202", message, node.span, labels=labels, help=help_text))
    if len(nodes) >= MAX_NODES:
        raise Diagnosed(Diagnostic("BSN213", f"more than {MAX_NODES:,} nodes", node.span))
    nodes[node.name] = node


def _pipeline(context: Context, pipeline: ast.Expr | None, scope: Scope) -> tuple[Aggregation, tuple[Stage, ...]]:
    """`mean | relu` → the aggregation, `sum` where it is left out, and the activations after it."""
    if pipeline is None:
        return "sum", ()
    parts = pipeline.stages if isinstance(pipeline, ast.Pipe) else (pipeline,)
    first, aggregation = parts[0], "sum"
    if isinstance(first, ast.Name) and scope.lookup(first.text) is None:
        if first.text in AGGREGATIONS:
            aggregation, parts = first.text, parts[1:]
        elif first.text not in OPS:
            _unknown_aggregation(first)
    elif isinstance(first, ast.Call) and first.name.text in AGGREGATIONS:
        message = f"the aggregation `{first.name.text}` takes no arguments"
        raise Diagnosed(Diagnostic("BSN205", message, first.span, help=f"`node h = {first.name.text} | relu`"))
    modules = together([partial(context.evaluator.module, part, scope) for part in parts])
    stages = tuple(_activation(stage) for module in modules for stage in module.stages)
    return aggregation, stages


def _activation(stage: Stage | CellUse) -> Stage:
    if isinstance(stage, Stage) and OPS[stage.op].activation:
        return stage
    what = f"`{stage.op}`" if isinstance(stage, Stage) else "a cell"
    message = f"{what} cannot stand in a node; a node aggregates and applies activations"
    raise Diagnosed(Diagnostic("BSN306", message, stage.span, help="put it on the edges that arrive"))


def _unknown_aggregation(name: ast.Name) -> NoReturn:
    activations = [op.name for op in OPS.values() if op.activation]
    message = f"no aggregation or activation named `{name.text}`"
    help_text = did_you_mean(name.text, [*AGGREGATIONS, *activations])
    raise Diagnosed(Diagnostic("BSN203", message, name.span, help=help_text))
