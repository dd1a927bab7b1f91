"""Peak bytes at inference, by liveness analysis of tensors.

The schedule is that of the deployed file (`bsnc.ir.schedule`). What lies in memory:

- a live node holds one tensor, from its first arrival until the last live edge that reads it has read it, with its
  first op that computes; every further arrival is added in place, and the node's activations work in place; what a
  node holds is never overwritten;
- an op of an edge makes a new tensor, which goes when the next op has read it; elementwise ops and normalisations work
  in place, except on what a node holds; `flatten`, `identity` and `dropout` make none;
- the arrivals of a concatenation wait until the last is there and are then copied into a tensor of their own.

`memory(of = tensors)` is the most bytes that lie there while one op runs, `memory` that and `weights`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bsnc.cost.linear import LinearCost
from bsnc.cost.memory_plan import MemoryPlan, Planner
from bsnc.cost.weights import weights
from bsnc.ir import CostKey, Graph


class Memory:
    """`memory`, or `memory(of = tensors)`: peak bytes for a batch of one; see the module."""

    grows = True

    def __init__(self, key: CostKey, graph: Graph) -> None:
        self.key = key
        self._weights = _nothing(key, graph) if key.options else weights(graph)
        plan = Planner(graph).plan()
        self._moments, self._peak = plan.moments, _Peak.of(plan)
        self.below = (self._weights.plus(self._peak.least, self.key),)

    def __call__(self, live: Tensor) -> Tensor:
        return self._weights(live) + self._peak(live)

    def worst_moment(self, live: Tensor) -> tuple[str, int]:
        """Of one architecture, live edges `[1, E]`: the edge or node at work when most lies in memory, and the bytes of
        tensors there then."""
        rows = self._peak.rows(live)[0]
        return self._moments[int(rows.argmax())], int(rows.max())

    def lower_bound(self, live: Tensor) -> Tensor:
        return self(live)


def _nothing(key: CostKey, graph: Graph) -> LinearCost:
    return LinearCost.of(key, graph, lambda _: 0, [0] * len(graph.nodes))


@dataclass(frozen=True)
class _Peak:
    """A plan as tensors: a few matrix products and one running sum for a whole batch."""

    groups: Tensor
    """`[E, G]` float64: 1 where an edge belongs to a group."""
    pairs: Tensor
    """`[2, P]`: edge, group."""
    when: Tensor
    first: Tensor
    after: Tensor
    sizes: Tensor
    gates: Tensor
    least: float

    @classmethod
    def of(cls, plan: MemoryPlan) -> _Peak:
        groups = torch.zeros(plan.edges, len(plan.groups), dtype=torch.float64)
        for column, members in enumerate(plan.groups):
            groups[list(members), column] = 1
        when, first, last, sizes = torch.tensor(plan.terms, dtype=torch.int64).reshape(-1, 4).T
        return cls(
            groups,
            torch.tensor(plan.pairs, dtype=torch.int64).reshape(-1, 2).T,
            when,
            first,
            last + 1,
            sizes.to(torch.float64),
            torch.tensor(plan.gates, dtype=torch.int64),
            plan.least,
        )

    def __call__(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` → bytes of tensors at the worst moment, `[B]` float64."""
        rows = self.rows(live)
        return rows.amax(1) if rows.shape[1] else rows.sum(1)

    def rows(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` → bytes of tensors at each moment, `[B, R]`, 0 where nothing is at work."""
        holds = self._conditions(live)
        amounts = holds[:, self.when.to(live.device)] * self.sizes.to(live.device)
        change = amounts.new_zeros(len(live), len(self.gates) + 1)
        change.index_add_(1, self.first.to(live.device), amounts)
        change.index_add_(1, self.after.to(live.device), -amounts)
        return change.cumsum(1)[:, :-1] * holds[:, self.gates.to(live.device)]

    def _conditions(self, live: Tensor) -> Tensor:
        """`[B, E + G + P]` float64, 1 where a condition of the plan holds."""
        kept = live.to(torch.float64)
        groups = (kept @ self.groups.to(live.device)).clamp(max=1)
        edge, group = self.pairs.to(live.device)
        return torch.cat([kept, groups, kept[:, edge] * groups[:, group]], dim=1)
