"""Measured time of one inference."""

from __future__ import annotations

from bsnc.cost.latency_table import LatencyTable
from bsnc.cost.linear import LinearCost
from bsnc.ir import CostKey, Graph


def latency(key: CostKey, graph: Graph, table: LatencyTable) -> LinearCost:
    """`latency(device, threads, batch)`: seconds of one run in ONNX Runtime, as a profile predicts them."""
    seconds = dict(zip((edge.name for edge in graph.edges), table.edges, strict=True))
    return LinearCost.of(key, graph, lambda edge: seconds[edge.name], table.nodes, table.constant)
