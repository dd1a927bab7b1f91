"""Multiply-adds for one example."""

from __future__ import annotations

from bsnc.cost.linear import LinearCost
from bsnc.ir import CostKey, Edge, Graph
from bsnc.ops import Shape, ShapeError, numel


def executed(graph: Graph) -> LinearCost:
    """`flops`: multiply-adds that the live edges execute.

    Convolution Cin / groups · Cout · k² · Hout · Wout, linear in · out; normalisation, activation, pooling,
    upsampling and additions 0.
    """

    def count(edge: Edge) -> int:
        return sum(call_multiply_adds(edge, i) for i in range(len(edge.module)))

    return LinearCost.of(CostKey(name="flops"), graph, count, [0] * len(graph.nodes))


def veniat2018(graph: Graph) -> LinearCost:
    """`flops(count = veniat2018)`: as the code of Veniat & Denoyer (CVPR 2018) counts, to compare with its tables.

    A convolution right after an upsampling of its edge is charged at the low resolution, and a live node with k
    inputs adds (k − 1) · numel, all its inputs in the S-network counted, live or not, where it sums or averages.
    """
    nodes = [
        max(0, len(arriving) - 1) * numel(node.shape) if node.aggregation in ("sum", "mean") else 0
        for node, arriving in zip(graph.nodes, graph.in_edges, strict=True)
    ]
    key = CostKey(name="flops", options=(("count", "veniat2018"),))
    return LinearCost.of(key, graph, lambda edge: sum(_charged(edge, i) for i in range(len(edge.module))), nodes)


def call_multiply_adds(edge: Edge, i: int) -> int:
    """Multiply-adds of op number i of an edge."""
    call = edge.module[i]
    return call.definition.multiply_adds(call.arguments, call.in_shape, call.out_shape)


def low_resolution(edge: Edge, i: int) -> tuple[Shape, Shape] | None:
    """Input and output shapes at which `veniat2018` charges op number i of an edge, where not at its own.

    A window that does not fit into the coarse grid is charged as it is executed.
    """
    call = edge.module[i]
    if i == 0 or not edge.module[i - 1].definition.changes_resolution:
        return None
    coarse = edge.module[i - 1].in_shape
    try:
        return coarse, call.definition.output_shape(call.arguments, coarse)
    except ShapeError:
        return None


def _charged(edge: Edge, i: int) -> int:
    shapes = low_resolution(edge, i)
    if shapes is None:
        return call_multiply_adds(edge, i)
    call = edge.module[i]
    return call.definition.multiply_adds(call.arguments, *shapes)
