"""Architectures as graphs: the live edges of an S-network, without what only the others needed."""

from __future__ import annotations

from collections.abc import Collection

from bsnc.ir.channels import narrowed, removable
from bsnc.ir.graph import Edge, Graph, Node, OpCall
from bsnc.ops import Shape


def architecture_of(graph: Graph, live: Collection[str]) -> Graph:
    """The network of these live edges alone: channels that the others would bring are cut off where that is exact, and
    no gate is left. Edge and node names stay."""
    nodes = {graph.nodes[i].name for i in removable(graph)}
    return without_gates(without_empty_slots(graph.keeping(live), nodes))


def without_gates(graph: Graph) -> Graph:
    """The graph with every edge fixed."""
    return Graph(name=graph.name, nodes=graph.nodes, edges=tuple(_fixed(edge) for edge in graph.edges))


def without_empty_slots(graph: Graph, nodes: Collection[str]) -> Graph:
    """Cut off the slots of these concatenations that no edge fills, and narrow the edges that leave them.

    The nodes are some that were `removable` in the S-network.
    """
    filled = {edge.name for edge in graph.edges}
    narrow = tuple(_narrow(node, filled) if node.name in nodes else node for node in graph.nodes)
    shapes = {new.name: new.shape for new, old in zip(narrow, graph.nodes, strict=True) if new.shape != old.shape}
    edges = tuple(_fit(edge, shapes.get(edge.source)) for edge in graph.edges)
    return Graph(name=graph.name, nodes=narrow, edges=edges, gates=graph.gates)


def _fixed(edge: Edge) -> Edge:
    return edge if edge.gate is None else edge.model_copy(update={"gate": None, "option": None})


def _narrow(node: Node, filled: Collection[str]) -> Node:
    slots = tuple(slot for slot in node.slots if slot.edge in filled)
    shape = (sum(slot.channels for slot in slots), *node.shape[1:])
    activations = tuple(_at(call, shape) for call in node.activations)
    return node.model_copy(update={"slots": slots, "shape": shape, "activations": activations})


def _at(call: OpCall, shape: Shape) -> OpCall:
    return call.model_copy(update={"in_shape": shape, "out_shape": shape})


def _fit(edge: Edge, shape: Shape | None) -> Edge:
    return edge if shape is None else narrowed(edge, shape)
