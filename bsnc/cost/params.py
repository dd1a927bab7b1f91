"""Trainable parameters."""

from __future__ import annotations

from bsnc.cost.linear import LinearCost
from bsnc.ir import CostKey, Graph


def params(graph: Graph) -> LinearCost:
    """`params`: trainable parameters of the live edges; running statistics are not trained, gates do not ship."""
    weights = [
        sum(c.definition.parameter_count(c.arguments, c.in_shape, c.out_shape) for c in edge.module)
        for edge in graph.edges
    ]
    return LinearCost.of(CostKey(name="params"), graph, weights, [0] * len(graph.nodes))
