"""Trainable parameters."""

from __future__ import annotations

from bsnc.cost.linear import LinearCost
from bsnc.ir import CostKey, Edge, Graph


def params(graph: Graph) -> LinearCost:
    """`params`: trainable parameters of the live edges; running statistics are not trained, gates do not ship."""

    def count(edge: Edge) -> int:
        return sum(c.definition.parameter_count(c.arguments, c.in_shape, c.out_shape) for c in edge.module)

    return LinearCost.of(CostKey(name="params"), graph, count, [0] * len(graph.nodes))
