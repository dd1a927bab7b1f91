"""A graph as text for people: deterministic, one line per node and edge. JSON is the form for machines."""

from __future__ import annotations

from bsnc.ir.graph import Edge, Gate, Graph, Node, OpCall
from bsnc.ops import Shape, argument_text


def shape_text(shape: Shape) -> str:
    """`[3, 32, 32]`."""
    return f"[{', '.join(map(str, shape))}]"


def call_text(call: OpCall) -> str:
    """An op with the arguments that differ from their defaults: `conv(channels = 16, kernel = 3)`."""
    defaults = {p.name: p.default for p in call.definition.parameters}
    given = [f"{name} = {argument_text(v)}" for name, v in call.arguments.items() if defaults.get(name) != v]
    return f"{call.op}({', '.join(given)})" if given else call.op


def module_text(module: tuple[OpCall, ...]) -> str:
    """A chain of ops, joined by `|`."""
    return " | ".join(call_text(call) for call in module)


def pipeline_text(node: Node) -> str:
    """What a node does with what arrives: `sum | relu`."""
    return " | ".join([node.aggregation, *map(call_text, node.activations)])


def _node_line(node: Node) -> str:
    held = "" if node.kind == "input" else pipeline_text(node)
    kind = "node" if node.kind == "hidden" else node.kind
    return f"  {kind} {node.name}: {shape_text(node.shape)} {held}".rstrip()


def print_graph(graph: Graph) -> str:
    """The listing of a graph, in the order of its nodes and edges."""
    counts = f"{len(graph.nodes)} nodes, {len(graph.edges)} edges, {len(graph.gates)} gates"
    lines = [f"graph {graph.name}  # {counts}"]
    lines += [_node_line(node) for node in graph.nodes]
    lines += [f"  edge {e.name}: {module_text(e.module)}  @ {_gate_text(e)}" for e in graph.edges]
    lines += [f"  gate {gate.name}: {_values_text(gate)}" for gate in graph.gates if gate.options or gate.init]
    return "\n".join(lines) + "\n"


def _values_text(gate: Gate) -> str:
    return f"one of {'; '.join(gate.options)}" if gate.init is None else f"starts at {gate.init:g}"


def _gate_text(edge: Edge) -> str:
    if edge.gate is None:
        return "fixed"
    if edge.option is not None:
        return f"option {edge.option} of gate {edge.gate}"
    return "gate" if edge.gate == edge.name else f"gate {edge.gate}"
