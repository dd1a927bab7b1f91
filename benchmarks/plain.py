"""A budgeted super network as one would write it down without a compiler, in the way of the code of Veniat & Denoyer:
channels first, every edge computed for every example and multiplied by its mask, batch norms over all rows, and the
cost of each example by list scheduling in Python. The baseline of benchmarks."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from torch import Tensor, nn

from bsnc.ir import Graph
from bsnc.lower.modules import build_ops

Modules = Sequence[nn.Module]


class Plain(nn.Module):
    """A graph as a network: a sequential module an edge, sums at nodes; each edge times its mask."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.edges = nn.ModuleList(nn.Sequential(*build_ops(edge.module).values()) for edge in graph.edges)
        self.activations = nn.ModuleList(nn.Sequential(*build_ops(node.activations).values()) for node in graph.nodes)

    def forward(self, x: Tensor, masks: Tensor | None = None) -> Tensor:
        return run_every_edge(self.graph, [*self.edges], [*self.activations], x, masks)


def run_every_edge(graph: Graph, edges: Modules, activations: Modules, x: Tensor, masks: Tensor | None) -> Tensor:
    """Of the modules of all edges and nodes, in the order of the graph, `x` `[B, …]` and masks `[B, E]`, numbers,
    or None where all edges are kept: `[B, …]`."""
    value = {graph.input.name: x}
    for node, arriving, activation in zip(graph.nodes, graph.in_edges, activations, strict=True):
        if node.kind == "input":
            continue
        arrivals = [times(edges[i](value[graph.edges[i].source]), masks, i) for i in arriving]
        value[node.name] = activation(sum(arrivals))
    return value[graph.output.name]


def times(value: Tensor, masks: Tensor | None, edge: int) -> Tensor:
    """A value `[B, …]`, multiplied by the mask of an edge."""
    return value if masks is None else value * masks[:, edge].view(-1, *(1,) * (value.ndim - 1))


def makespan(graph: Graph, live: Sequence[bool], cores: int = 2) -> float:
    """Steps of one example: its edges, each of one step, by list scheduling in the order of the graph."""
    done, free, last = dict.fromkeys((node.name for node in graph.nodes), 0.0), [0.0] * cores, 0.0
    for node, arriving in zip(graph.nodes, graph.in_edges, strict=True):
        for i in arriving:
            if live[i]:
                end = max(heapq.heappop(free), done[graph.edges[i].source]) + 1
                heapq.heappush(free, end)
                done[node.name] = last = max(done[node.name], end)
    return last
