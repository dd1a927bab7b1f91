"""Measured time of one inference."""

from __future__ import annotations

from bsnc.cost.flops import call_multiply_adds
from bsnc.cost.latency_table import LatencyTable
from bsnc.cost.linear import LinearCost
from bsnc.ir import CostKey, Edge, Graph


def latency(key: CostKey, graph: Graph, table: LatencyTable) -> LinearCost:
    """`latency(device, threads, batch)`: seconds of one run in ONNX Runtime, as a profile predicts them.

    An edge that lost input channels, behind a concatenation, takes as much less time as it has fewer multiply-adds.
    """
    seconds = dict(zip((edge.name for edge in graph.edges), table.edges, strict=True))
    work = {edge.name: _multiply_adds(edge) for edge in graph.edges}

    def count(edge: Edge) -> float:
        whole = work[edge.name]
        return seconds[edge.name] * (_multiply_adds(edge) / whole if whole else 1.0)

    return LinearCost.of(key, graph, count, table.nodes, table.constant)


def _multiply_adds(edge: Edge) -> int:
    return sum(call_multiply_adds(edge, i) for i in range(len(edge.module)))
