"""Costs that are sums over live edges and live nodes: one matrix product for a whole batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from bsnc.ir import CostKey, Graph


class Cost(Protocol):
    """A cost of the live subgraphs of one graph: live edges `[B, E]` (bool) → cost `[B]` (float64).

    A row without live edges, an inconsistent mask, costs 0.
    """

    @property
    def key(self) -> CostKey: ...

    def __call__(self, live: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class LinearCost:
    """Σ over live edges of `edge_weights` + Σ over live nodes of `node_weights`; a node is live when an in-edge is.

    `edge_weights` `[E]` and `node_weights` `[V]` are float64 and hold whole numbers, exact up to 2^53.
    """

    key: CostKey
    edge_weights: Tensor
    node_weights: Tensor
    arrivals: Tensor
    """`[E, V]`: 1 where an edge arrives at a node."""

    @classmethod
    def of(cls, key: CostKey, graph: Graph, edges: list[int], nodes: list[int]) -> LinearCost:
        arrivals = torch.zeros(len(graph.edges), len(graph.nodes), dtype=torch.float64)
        for i, (_, target) in enumerate(graph.endpoints):
            arrivals[i, target] = 1
        edge_weights = torch.tensor(edges, dtype=torch.float64)
        return cls(key, edge_weights, torch.tensor(nodes, dtype=torch.float64), arrivals)

    def __call__(self, live: Tensor) -> Tensor:
        weights = self.edge_weights.to(live.device)
        cost = live.to(torch.float64) @ weights
        if not bool(self.node_weights.any()):
            return cost
        return cost + self.live_nodes(live) @ self.node_weights.to(live.device)

    def live_nodes(self, live: Tensor) -> Tensor:
        """`[B, V]` float64: 1 where a live edge arrives."""
        return (live.to(torch.float64) @ self.arrivals.to(live.device)).clamp(max=1)
