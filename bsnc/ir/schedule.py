"""The order in which a deployed network computes: the schedule that `memory` is about and lowering follows.

Nodes in the order of the graph; the in-edges of a node one after the other, each added to the sum as soon as it is
there. Since the first needs no room beside a sum, the one whose ops need most room comes first; edges that make no
tensor of their own come last, so that they are added to one that is there.
"""

from __future__ import annotations

from bsnc.ir.graph import Edge, Graph
from bsnc.ops import numel


def makes_tensor(edge: Edge) -> bool:
    """Whether an edge computes anything: `flatten`, `identity` and `dropout` pass on what is there."""
    return any(call.definition.result != "view" for call in edge.module)


def scheduled_arrivals(graph: Graph, node: int) -> tuple[int, ...]:
    """The in-edges of a node in the order in which they run; a concatenation keeps that of its slots."""
    arriving = graph.in_edges[node]
    if graph.nodes[node].aggregation == "concat":
        return arriving
    return tuple(sorted(arriving, key=lambda e: (-_room(graph, graph.edges[e]), e)))


def _room(graph: Graph, edge: Edge) -> int:
    """The most elements that two tensors of its own which follow each other have, 0 where it makes none.

    Where it reads a concatenation, whose width may depend on what is live, only its last tensor counts: the order is to
    be the same in a network and in its architectures.
    """
    if graph.nodes[graph.node_index[edge.source]].aggregation == "concat":
        return numel(edge.module[-1].out_shape) if makes_tensor(edge) else 0
    before, most = 0, 0
    for call in edge.module:
        result = call.definition.result
        if result == "new" or (result == "in place" and not before):
            after = numel(call.out_shape)
            before, most = after, max(most, before + after)
    return most
