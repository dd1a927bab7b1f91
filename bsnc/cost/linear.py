"""Costs that are sums over live edges, live nodes and pairs of live edges: a few products for a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bsnc.ir import CostKey, Edge, Graph, Node, channel_pairs, narrowed

ROWS = 64
"""So many examples are counted at a time, so that what is worked on stays in the caches."""


@dataclass(frozen=True)
class LinearCost:
    """Σ over live edges of `edge_weights` + Σ over live nodes of `node_weights` + Σ over pairs of live edges of
    `pair_weights` + `constant`; a node is live when an in-edge is.

    `edge_weights` `[E]`, `node_weights` `[V]` and `pair_weights` `[P]` are float64 and hold whole numbers, exact up to
    2^53. The pairs are those of `channel_pairs`: what the channels that one edge brings cost the other.
    """

    key: CostKey
    edge_weights: Tensor
    node_weights: Tensor
    pair_weights: Tensor
    targets: Tensor
    """`[E]`: the node at which an edge arrives."""
    pairs: Tensor
    """`[2, P]`: indices of edges."""
    constant: float = 0.0
    """What any consistent mask costs."""

    @property
    def grows(self) -> bool:
        return True

    @property
    def below(self) -> tuple[LinearCost, ...]:
        return (self,)

    @classmethod
    def of(
        cls, key: CostKey, graph: Graph, count: Callable[[Edge], float], nodes: Sequence[float], constant: float = 0.0
    ) -> LinearCost:
        """The cost that charges an edge what `count` says of its module, and the live nodes `nodes`."""
        edges: list[float] = [count(edge) for edge in graph.edges]
        pairs = channel_pairs(graph)
        shares: list[float] = []
        for e, arriving in pairs:
            edge = graph.edges[e]
            source = graph.nodes[graph.node_index[edge.source]]
            shares.append(count(edge) - count(narrowed(edge, _without(source, graph.edges[arriving].name))))
            edges[e] -= shares[-1]
        return cls(
            key,
            edge_weights=torch.tensor(edges, dtype=torch.float64),
            node_weights=torch.tensor(nodes, dtype=torch.float64),
            pair_weights=torch.tensor(shares, dtype=torch.float64),
            targets=torch.tensor([target for _, target in graph.endpoints], dtype=torch.int64),
            pairs=torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).T,
            constant=constant,
        )

    def plus(self, constant: float, key: CostKey) -> LinearCost:
        """The same cost and a constant, under another name."""
        return replace(self, key=key, constant=self.constant + constant)

    def __call__(self, live: Tensor) -> Tensor:
        return torch.cat([self._count(rows) for rows in live.split(ROWS)])

    def _count(self, live: Tensor) -> Tensor:
        weights = self.edge_weights.to(live.device)
        cost = live.to(torch.float64) @ weights
        if bool(self.node_weights.any()):
            cost = cost + self.live_nodes(live) @ self.node_weights.to(live.device)
        if bool(self.pair_weights.any()):
            first, second = self.pairs.to(live.device)
            cost = cost + (live[:, first] & live[:, second]).to(torch.float64) @ self.pair_weights.to(live.device)
        return cost + self.constant * live.any(1) if self.constant else cost

    def lower_bound(self, live: Tensor) -> Tensor:
        return self(live)

    def shares(self, live: Tensor) -> tuple[Tensor, Tensor]:
        """What each edge `[B, E]` and each node `[B, V]` bears of the cost of live edges `[B, E]`, float64. Together
        with `constant` they make up the cost; the weight of a pair is borne by the edge that pays for its channels."""
        edges = live.to(torch.float64) * self.edge_weights.to(live.device)
        first, second = self.pairs.to(live.device)
        pairs = (live[:, first] & live[:, second]).to(torch.float64) * self.pair_weights.to(live.device)
        return edges.index_add(1, first, pairs), self.live_nodes(live) * self.node_weights.to(live.device)

    def live_nodes(self, live: Tensor) -> Tensor:
        """`[B, V]` float64: 1 where a live edge arrives."""
        arrived = torch.zeros(len(self.node_weights), len(live), dtype=torch.float64, device=live.device)
        return arrived.index_add_(0, self.targets.to(live.device), live.T.to(torch.float64)).clamp_(max=1).T


def _without(node: Node, edge: str) -> tuple[int, ...]:
    """The shape of a concatenation without the slot of an edge."""
    channels = next(slot.channels for slot in node.slots if slot.edge == edge)
    return (node.shape[0] - channels, *node.shape[1:])
