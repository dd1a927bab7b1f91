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

COLUMNS = 128
"""So many examples are planned at a time."""


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
    """A plan as sparse matrices: a few products and one running sum for a whole batch. Examples are columns, and few at
    a time, so that what is worked on stays in the caches."""

    groups: Tensor
    """Sparse `[G, E]` float64: 1 where an edge belongs to a group."""
    pairs: Tensor
    """`[2, P]`: edge, group."""
    changes: Tensor
    """Sparse `[R, E + G + P]` float64: by how many bytes more lie there from a row on, where a condition holds."""
    gates: Tensor
    least: float

    @classmethod
    def of(cls, plan: MemoryPlan) -> _Peak:
        members = [(number, edge, 1) for number, group in enumerate(plan.groups) for edge in group]
        begun = [(first, when, size) for when, first, _, size in plan.terms]
        ended = [(last + 1, when, -size) for when, _, last, size in plan.terms if last + 1 < len(plan.gates)]
        conditions = plan.edges + len(plan.groups) + len(plan.pairs)
        return cls(
            _sparse(members, len(plan.groups), plan.edges),
            torch.tensor(plan.pairs, dtype=torch.int64).reshape(-1, 2).T,
            _sparse([*begun, *ended], len(plan.gates), conditions),
            torch.tensor(plan.gates, dtype=torch.int64),
            plan.least,
        )

    def __call__(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` → bytes of tensors at the worst moment, `[B]` float64."""
        if not len(self.gates):
            return torch.zeros(len(live), dtype=torch.float64, device=live.device)
        return torch.cat([self.rows(some).amax(1) for some in live.split(COLUMNS)])

    def rows(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` → bytes of tensors at each moment, `[B, R]`, 0 where nothing is at work."""
        holds = self._conditions(live.T.to(torch.float64))
        lying = torch.sparse.mm(self.changes.to(live.device), holds).cumsum_(0)
        return lying.mul_(holds[self.gates.to(live.device)]).T

    def _conditions(self, kept: Tensor) -> Tensor:
        """Live edges `[E, B]` → `[E + G + P, B]` float64, 1 where a condition of the plan holds."""
        groups = torch.sparse.mm(self.groups.to(kept.device), kept).clamp_(max=1)
        edge, group = self.pairs.to(kept.device)
        return torch.cat([kept, groups, kept[edge] * groups[group]])


def _sparse(entries: list[tuple[int, int, int]], rows: int, columns: int) -> Tensor:
    """The matrix `[rows, columns]` that has the sum of all (row, column, value) in each place."""
    row, column, value = torch.tensor(entries, dtype=torch.int64).reshape(-1, 3).T
    places = torch.stack([row, column])
    return torch.sparse_coo_tensor(places, value.to(torch.float64), (rows, columns), check_invariants=True).coalesce()
