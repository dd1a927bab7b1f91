"""Channels of concatenations that a network without some of their edges can do without, exactly.

A slot of a node that concatenates is zero where its edge is not live. If the activations of the node and the first ops
of every edge that leaves it keep zero channels zero and apart, up to a convolution or linear layer, then that layer
only ever adds zeros for them: the slot can be cut off, and the weights that would have met it.
"""

from __future__ import annotations

from bsnc.ir.graph import Edge, Graph, OpCall
from bsnc.ops import Shape

_JOINS_CHANNELS = "flatten"


def removable(graph: Graph) -> list[int]:
    """Indices of the nodes that concatenate and whose slots can be cut off."""
    leaving: list[list[Edge]] = [[] for _ in graph.nodes]
    for edge, (source, _) in zip(graph.edges, graph.endpoints, strict=True):
        leaving[source].append(edge)
    return [
        i
        for i, node in enumerate(graph.nodes)
        if len(node.slots) > 1
        and node.kind == "hidden"
        and all(call.definition.keeps_zero_channels for call in node.activations)
        and all(mixing_call(edge) is not None for edge in leaving[i])
    ]


def mixing_call(edge: Edge) -> int | None:
    """The number of the first op of an edge that mixes channels and to which zero channels come as zero channels."""
    for i, call in enumerate(edge.module):
        if call.definition.input_dimension(call.arguments) is not None:
            return i
        keeps = call.definition.keeps_zero_channels and not _parameters(call)
        if not (keeps or call.op == _JOINS_CHANNELS):
            return None
    return None


def _parameters(call: OpCall) -> int:
    return call.definition.parameter_count(call.arguments, call.in_shape, call.out_shape)


def narrowed(edge: Edge, shape: Shape) -> Edge:
    """The edge for a source with fewer channels, of this shape; what it delivers keeps its shape."""
    last = mixing_call(edge)
    assert last is not None, f"{edge.name} mixes no channels"
    module: list[OpCall] = []
    for i, call in enumerate(edge.module[: last + 1]):
        out = call.out_shape if i == last else call.definition.output_shape(call.arguments, shape)
        module.append(call.model_copy(update={"in_shape": shape, "out_shape": out}))
        shape = out
    return edge.model_copy(update={"module": (*module, *edge.module[last + 1 :])})


def channel_pairs(graph: Graph) -> list[tuple[int, int]]:
    """(edge that leaves a removable node, edge that fills a slot of it): without the latter the former costs less."""
    pairs: list[tuple[int, int]] = []
    nodes = set(removable(graph))
    for e, (source, _) in enumerate(graph.endpoints):
        if source in nodes:
            pairs += [(e, arriving) for arriving in graph.in_edges[source]]
    return pairs
