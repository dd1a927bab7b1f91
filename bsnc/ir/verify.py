"""The invariants of a graph. A violation is a bug of the compiler, not a mistake of the user."""

from __future__ import annotations

from collections import Counter

from bsnc.ir.graph import Edge, Graph, OpCall
from bsnc.ops import OPS, Shape, ShapeError


class InvalidGraphError(AssertionError):
    """A graph breaks an invariant of the IR."""


def verify(graph: Graph) -> None:
    """Check every invariant. Raises InvalidGraphError naming the first few that do not hold."""
    problems = [*_names(graph), *_ends(graph)]
    if not problems:
        problems = [*_order(graph), *_options(graph), *_shapes(graph), *_slots(graph)]
    if problems:
        raise InvalidGraphError(f"graph {graph.name}: " + "; ".join(problems[:5]))


def _names(graph: Graph) -> list[str]:
    problems: list[str] = []
    for what, items in (("node", graph.nodes), ("edge", graph.edges), ("gate", graph.gates)):
        counts = Counter(item.name for item in items)
        problems += [f"two {what}s named {name}" for name, count in counts.items() if count > 1]
    nodes, gates = {n.name for n in graph.nodes}, {g.name for g in graph.gates}
    for edge in graph.edges:
        problems += [f"{edge.name} touches no node {end}" for end in (edge.source, edge.target) if end not in nodes]
        if edge.gate is not None and edge.gate not in gates:
            problems.append(f"{edge.name} names no gate {edge.gate}")
    unused = gates - {e.gate for e in graph.edges}
    return problems + [f"gate {name} is used by no edge" for name in sorted(unused)]


def _ends(graph: Graph) -> list[str]:
    kinds = Counter(node.kind for node in graph.nodes)
    return [f"{kinds[kind]} {kind} nodes" for kind in ("input", "output") if kinds[kind] != 1]


def _order(graph: Graph) -> list[str]:
    problems = [
        f"{edge.name} leads from a later node to an earlier one"
        for edge, (source, target) in zip(graph.edges, graph.endpoints, strict=True)
        if source >= target
    ]
    targets = [target for _, target in graph.endpoints]
    if targets != sorted(targets):
        problems.append("edges are not in the order of their targets")
    if any(edge.target == graph.input.name for edge in graph.edges):
        problems.append("an edge enters the input")
    if any(edge.source == graph.output.name for edge in graph.edges):
        problems.append("an edge leaves the output")
    return problems


def _options(graph: Graph) -> list[str]:
    gates = {gate.name: gate for gate in graph.gates}
    problems = [
        f"gate {gate.name} is {gate.kind} and has {len(gate.options)} options"
        for gate in graph.gates
        if (gate.kind == "categorical") != bool(gate.options)
    ]
    problems += [f"gate {g.name} is categorical and starts at {g.init}" for g in graph.gates if g.options and g.init]
    for edge in graph.edges:
        options = gates[edge.gate].options if edge.gate is not None else ()
        if edge.option is None and not options:
            continue
        if edge.option is None or not 0 <= edge.option < len(options):
            problems.append(f"{edge.name} follows option {edge.option} of {len(options)}")
    return problems


def _shapes(graph: Graph) -> list[str]:
    problems = [f"{node.name} has a size below 1" for node in graph.nodes if any(size < 1 for size in node.shape)]
    if problems:
        return problems
    shapes = {node.name: node.shape for node in graph.nodes}
    for edge in graph.edges:
        problems += _chain(edge.name, shapes[edge.source], edge.module, _expected(graph, edge))
    for node in graph.nodes:
        problems += _chain(node.name, node.shape, node.activations, node.shape)
        problems += [
            f"{node.name} applies {call.op}, which is no activation"
            for call in node.activations
            if call.op in OPS and not call.definition.activation
        ]
    return problems


def _expected(graph: Graph, edge: Edge) -> Shape:
    """What an edge has to deliver: the shape of its target, or of its slot there."""
    target = graph.nodes[graph.node_index[edge.target]]
    channels = next((slot.channels for slot in target.slots if slot.edge == edge.name), None)
    return target.shape if channels is None else (channels, *target.shape[1:])


def _slots(graph: Graph) -> list[str]:
    """Slots stand in nodes that concatenate, and there each in-edge has one, in the same order."""
    problems: list[str] = []
    for node, arriving in zip(graph.nodes, graph.in_edges, strict=True):
        if node.aggregation != "concat":
            problems += [f"{node.name} has slots but is a {node.aggregation}"] if node.slots else []
            continue
        arrivals = [graph.edges[i].name for i in arriving]
        filled = [slot.edge for slot in node.slots if slot.edge in arrivals]
        if filled != arrivals or len({slot.edge for slot in node.slots}) < len(node.slots):
            problems.append(f"the slots of {node.name} are not its in-edges")
        if node.shape[:1] != (sum(slot.channels for slot in node.slots),):
            problems.append(f"the slots of {node.name} do not make up its {node.shape[:1]} channels")
    return problems


def _chain(owner: str, start: Shape, calls: tuple[OpCall, ...], end: Shape) -> list[str]:
    """Every op of a chain exists, its arguments and shapes follow its rules, and it joins up from start to end."""
    shape = start
    for call in calls:
        if call.op not in OPS or call.definition.stands_for is not None:
            return [f"{owner} uses no op {call.op}"]
        if not _arguments_fit(call):
            return [f"arguments of {call.op} in {owner} are not those that it takes"]
        if call.in_shape != shape or _output_shape(call) != call.out_shape:
            return [f"shapes of {call.op} in {owner} are inconsistent"]
        shape = call.out_shape
    return [] if shape == end else [f"{owner} delivers {shape} where {end} is needed"]


def _arguments_fit(call: OpCall) -> bool:
    """Each parameter has a value of its type within its bounds, and there is no other."""
    parameters = {p.name: p for p in call.definition.parameters}
    if parameters.keys() != call.arguments.keys():
        return False
    given = call.arguments.items()
    return all(parameters[name].has_type(value) and parameters[name].in_range(value) for name, value in given)


def _output_shape(call: OpCall) -> Shape | None:
    """What the op makes of its input; None where it does not fit."""
    try:
        return call.definition.output_shape(call.arguments, call.in_shape)
    except ShapeError:
        return None
