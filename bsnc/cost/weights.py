"""Bytes of weights in the deployed file."""

from __future__ import annotations

from bsnc.cost.linear import LinearCost
from bsnc.ir import CostKey, Edge, Graph
from bsnc.ops import numel, stored

BYTES = 4
"""Of a number: deployed networks are float32."""


def weights(graph: Graph) -> LinearCost:
    """`weights`: four bytes for each number that inference reads.

    Batch norms right after a convolution or a linear layer of their edge are folded into it: it then has a bias,
    whether it had one or not. Others keep scale, shift, mean and variance.
    """
    return LinearCost.of(CostKey(name="weights"), graph, _bytes, [0] * len(graph.nodes))


def _folded(edge: Edge) -> list[bool]:
    """For each op of an edge whether it is a batch norm that is folded away."""
    result: list[bool] = []
    for i, call in enumerate(edge.module):
        before = i > 0 and (result[i - 1] or edge.module[i - 1].definition.takes_scale)
        result.append(call.op == "batch_norm" and before)
    return result


def _bytes(edge: Edge) -> int:
    gone = _folded(edge)
    total = 0
    for i, call in enumerate(edge.module):
        if gone[i]:
            continue
        takes_bias = i + 1 < len(gone) and gone[i + 1]
        arguments = {**call.arguments, "bias": True} if takes_bias else call.arguments
        total += stored(call.definition, arguments, call.in_shape, call.out_shape)
    return BYTES * total


def bytes_of(shape: tuple[int, ...]) -> int:
    """Bytes of a tensor."""
    return BYTES * numel(shape)
