"""Nodes and edges → graph: order, shapes, and the diagnostics that need them."""

from __future__ import annotations

import heapq
from collections import defaultdict

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, has_errors
from bsnc.ir import Edge, Gate, Graph, Node, OpCall, Slot, shape_text, verify
from bsnc.ops import OPS, Probe, Scalar, Shape, ShapeError, numel
from bsnc.sema.elaboration.raw import RawEdge, RawGate, RawNetwork, RawNode
from bsnc.sema.expressions.extern import complete
from bsnc.sema.expressions.values import Stage

MAX_ELEMENTS = 2**36
MAX_MULTIPLY_ADDS = 2**46
"""Of one op and one example. MAX_EDGES of them still sum to less than 2^63."""


def topological_order(network: RawNetwork) -> list[str]:
    """Names of nodes, each after its sources, ties by declaration; nodes on or behind a cycle are missing."""
    position = {name: i for i, name in enumerate(network.nodes)}
    names = list(network.nodes)
    waiting = dict.fromkeys(names, 0)
    leaving: dict[str, list[str]] = defaultdict(list)
    for edge in network.edges:
        waiting[edge.target] += 1
        leaving[edge.source].append(edge.target)
    ready = [position[name] for name in names if waiting[name] == 0]
    order: list[str] = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for target in leaving[name]:
            waiting[target] -= 1
            if waiting[target] == 0:
                heapq.heappush(ready, position[target])
    return order


def build_graph(network: RawNetwork, order: list[str], probe: Probe | None = None) -> Graph | None:
    """The graph of a network that passed the structural checks; None when shapes do not fit (reported).

    `probe` tells what modules of the user's own do. Nodes that nothing from the input reaches have no shape: they and
    the edges that leave them are left out.
    """
    shapes = _Shapes(network, probe)
    for name in order:
        shapes.visit(name)
    if has_errors(network.diagnostics):
        return None
    nodes = [network.nodes[name] for name in order if name in shapes.of_node]
    position = {node.name: i for i, node in enumerate(nodes)}
    shaped = [edge for edge in network.edges if edge.name in shapes.modules]
    edges = sorted(shaped, key=lambda e: position[e.target])
    graph = Graph(
        name=network.name,
        nodes=tuple(_node(node, shapes.of_node[node.name], shapes.slots_of(node)) for node in nodes),
        edges=tuple(_edge(edge, shapes.modules[edge.name]) for edge in edges),
        gates=tuple(_gate(network.gates[name]) for name in dict.fromkeys(e.gate for e in edges) if name is not None),
    )
    verify(graph)
    return graph


def _node(node: RawNode, shape: Shape, slots: tuple[Slot, ...]) -> Node:
    calls = tuple(OpCall(op=s.op, arguments=s.arguments, in_shape=shape, out_shape=shape) for s in node.activations)
    return Node(
        name=node.name, kind=node.kind, shape=shape, aggregation=node.aggregation, slots=slots, activations=calls
    )


def _edge(edge: RawEdge, module: tuple[OpCall, ...]) -> Edge:
    return Edge(
        name=edge.name, source=edge.source, target=edge.target, module=module, gate=edge.gate, option=edge.option
    )


def _gate(gate: RawGate) -> Gate:
    kind = "categorical" if gate.options else "bernoulli"
    return Gate(name=gate.name, kind=kind, options=gate.options, init=gate.init)


class _Shapes:
    """Infers shapes node by node; what follows from a mistake is left out, so one mistake is one error."""

    def __init__(self, network: RawNetwork, probe: Probe | None) -> None:
        self.network, self.probe = network, probe
        self.of_node: dict[str, Shape] = {}
        self.unlike: set[SourceSpan] = set()
        self.modules: dict[str, tuple[OpCall, ...]] = {}
        self.arriving: dict[str, list[RawEdge]] = defaultdict(list)
        self.cache: dict[tuple[object, ...], tuple[OpCall, ...]] = {}
        for edge in network.edges:
            self.arriving[edge.target].append(edge)

    def visit(self, name: str) -> None:
        node = self.network.nodes[name]
        if node.kind == "input":
            assert node.shape is not None
            self.of_node[name] = node.shape
            return
        arrivals = [(edge, shape) for edge in self.arriving[name] if (shape := self._deliver(edge)) is not None]
        if not arrivals:
            return
        shared = 1 if node.aggregation == "concat" else 0
        first, expected = arrivals[0]
        for edge, shape in arrivals[1:]:
            if shape[shared:] != expected[shared:] or len(shape) != len(expected):
                self._unlike(node, (first, expected), (edge, shape))
                return
        self.of_node[name] = (sum(shape[0] for _, shape in arrivals), *expected[1:]) if shared else expected
        if node.kind == "output":
            self._check_output(node, first)

    def slots_of(self, node: RawNode) -> tuple[Slot, ...]:
        """The channels of a node that concatenates, edge by edge."""
        if node.aggregation != "concat":
            return ()
        edges = [edge for edge in self.arriving[node.name] if edge.name in self.modules]
        return tuple(Slot(edge=e.name, channels=self.modules[e.name][-1].out_shape[0]) for e in edges)

    def _deliver(self, edge: RawEdge) -> Shape | None:
        """The shape that an edge delivers, or None where it or its source is at fault."""
        if edge.source not in self.of_node:
            return None
        shape = self.of_node[edge.source]
        key = (shape, *(id(stage) for stage in edge.stages))
        if key not in self.cache:
            calls = self._chain(edge, shape)
            if calls is None:
                return None
            self.cache[key] = calls
        self.modules[edge.name] = self.cache[key]
        return self.cache[key][-1].out_shape

    def _chain(self, edge: RawEdge, shape: Shape) -> tuple[OpCall, ...] | None:
        calls: list[OpCall] = []
        for stage in edge.stages:
            try:
                arguments = self._arguments(stage, shape)
                out = OPS[stage.op].output_shape(arguments, shape)
            except ShapeError as mistake:
                self._misfit(edge, stage, shape, mistake)
                return None
            except Diagnosed as mistake:
                for found in mistake.diagnostics:
                    self.network.report(_about_stage(found.code, found.message, edge, stage))
                return None
            call = OpCall(op=stage.op, arguments=arguments, in_shape=shape, out_shape=out)
            excess = _excess(call)
            if excess is not None:
                self.network.report(_too_large(edge, stage, excess))
                return None
            calls.append(call)
            shape = out
        return tuple(calls)

    def _arguments(self, stage: Stage, shape: Shape) -> dict[str, Scalar]:
        """Raises ShapeError, and Diagnosed (BSN218) for a module of the user's own that does not work."""
        if stage.extern is None:
            return stage.arguments
        assert self.probe is not None, "modules of one's own are refused earlier where nothing can run them"
        return complete(stage.extern, self.probe, shape)

    def _misfit(self, edge: RawEdge, stage: Stage, shape: Shape, mistake: ShapeError) -> None:
        caption = f"its input here is {shape_text(shape)}"
        self.network.report(_about_stage("BSN214", f"`{stage.op}` {mistake}", edge, stage, caption))

    def _unlike(self, node: RawNode, first: tuple[RawEdge, Shape], other: tuple[RawEdge, Shape]) -> None:
        """Reported once for all nodes of an array: one wrong edge in a loop shows at many of them."""
        if node.span in self.unlike:
            return
        self.unlike.add(node.span)
        (before, expected), (edge, delivered) = first, other
        labels = (Label(before.span, f"`{before.name}` delivers {shape_text(expected)}"),)
        notes = [f"`{e.name}` comes from {e.context}" for e in (edge, before) if e.iteration]
        verb = {"sum": "adds", "mean": "averages", "max": "takes the maximum of", "concat": "joins"}[node.aggregation]
        self.network.report(
            Diagnostic(
                "BSN215",
                f"node `{node.name}` {verb} tensors of shapes {shape_text(expected)} and {shape_text(delivered)}",
                edge.span,
                caption=f"`{edge.name}` delivers {shape_text(delivered)}",
                labels=() if edge.span == before.span else labels,
                notes=(*notes, *map(str, reversed(edge.uses))),
            )
        )

    def _check_output(self, node: RawNode, first: RawEdge) -> None:
        delivered = self.of_node[node.name]
        if delivered == node.shape or node.shape is None:
            return
        self.network.report(
            Diagnostic(
                "BSN216",
                f"output `{node.name}` is declared as {shape_text(node.shape)}, but {shape_text(delivered)} arrives",
                first.span,
                caption=f"delivers {shape_text(delivered)}",
                labels=(Label(node.span, "declared here"),),
            )
        )


def _about_stage(code: str, message: str, edge: RawEdge, stage: Stage, caption: str = "") -> Diagnostic:
    """A diagnostic at a stage, showing also the edge that uses it where that is elsewhere or in a loop."""
    inside = edge.span.start <= stage.span.start < edge.span.end
    labels = () if inside else (Label(edge.span, "used by this edge"),)
    return Diagnostic(code, message, stage.span, caption=caption, labels=labels, notes=edge.notes)


def _excess(call: OpCall) -> str | None:
    """What of an op is beyond the limits, in words."""
    op, given = call.definition, (call.arguments, call.in_shape, call.out_shape)
    counts = [
        (numel(call.out_shape), MAX_ELEMENTS, "delivers {} elements"),
        (op.parameter_count(*given), MAX_ELEMENTS, "has {} parameters"),
        (op.multiply_adds(*given), MAX_MULTIPLY_ADDS, "takes {} multiply-adds"),
    ]
    for count, limit, words in counts:
        if count > limit:
            return f"{words.format(f'{count:.3g}')}, more than the limit of {limit:.3g}"
    return None


def _too_large(edge: RawEdge, stage: Stage, excess: str) -> Diagnostic:
    return _about_stage("BSN213", f"`{stage.op}` {excess}", edge, stage)
