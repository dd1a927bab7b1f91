from __future__ import annotations

from collections.abc import Collection

from bsnc.ir import Edge, Graph, Node, OpCall, narrowed
from bsnc.ops import Shape
from bsnc.passes.graph_pass import GraphPass, PassResult


class RemoveZeroChannels(GraphPass):
    """Cut off the slots of the given concatenations that no edge fills, and narrow the edges that leave them.

    Exact for nodes that were `removable` in the S-network, once weights are narrowed alike. Non-goal: channels that are
    zero for another reason.
    """

    name = "remove-zero-channels"

    def __init__(self, nodes: Collection[str]) -> None:
        self.nodes = frozenset(nodes)

    def run(self, graph: Graph) -> PassResult:
        filled = {edge.name for edge in graph.edges}
        nodes = tuple(_narrow(node, filled) if node.name in self.nodes else node for node in graph.nodes)
        shapes = {new.name: new.shape for new, old in zip(nodes, graph.nodes, strict=True) if new.shape != old.shape}
        edges = tuple(_fit(edge, shapes.get(edge.source)) for edge in graph.edges)
        return PassResult(Graph(name=graph.name, nodes=nodes, edges=edges, gates=graph.gates), modified=bool(shapes))


def _narrow(node: Node, filled: Collection[str]) -> Node:
    slots = tuple(slot for slot in node.slots if slot.edge in filled)
    shape = (sum(slot.channels for slot in slots), *node.shape[1:])
    activations = tuple(_at(call, shape) for call in node.activations)
    return node.model_copy(update={"slots": slots, "shape": shape, "activations": activations})


def _at(call: OpCall, shape: Shape) -> OpCall:
    return call.model_copy(update={"in_shape": shape, "out_shape": shape})


def _fit(edge: Edge, shape: Shape | None) -> Edge:
    return edge if shape is None else narrowed(edge, shape)
