"""A loss whose evaluations are counted, remembered and limited."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bsnc.search.architecture import Architecture
from bsnc.search.gates import Sample
from bsnc.search.problem import Problem


@dataclass(frozen=True)
class Seen:
    """An architecture that was evaluated, and its loss; `order`: by which evaluation."""

    architecture: Architecture
    loss: float
    feasible: bool
    order: int


class Ledger:
    """Evaluates architectures, each once, at most `limit` of them.

    Raises FloatingPointError where a loss is not finite, naming the architecture.
    """

    def __init__(self, problem: Problem, limit: int) -> None:
        self.problem, self.limit = problem, limit
        self.seen: list[Seen] = []
        self._number: dict[bytes, int] = {}

    @property
    def used(self) -> int:
        return len(self.seen)

    @property
    def is_spent(self) -> bool:
        return self.used >= self.limit

    def best(self, count: int) -> list[Seen]:
        """The feasible architectures of least loss, of equal ones the first."""
        feasible = (seen for seen in self.seen if seen.feasible)
        return heapq.nsmallest(count, feasible, key=lambda seen: (seen.loss, seen.order))

    def unknown(self, switches: Tensor, live: Tensor) -> Tensor:
        """Switches `[B, S]`, live edges `[B, E]` → the numbers of rows that were not evaluated, of like ones one."""
        fresh: dict[bytes, int] = {}
        for row, key in enumerate(self._keys(switches, live)):
            if key not in self._number:
                fresh.setdefault(key, row)
        return torch.tensor(list(fresh.values()), dtype=torch.int64)

    def __call__(self, switches: Tensor, live: Tensor) -> Tensor:
        """Switches `[B, S]`, live edges `[B, E]` → losses `[B]`, float64; NaN for those that `limit` leaves out."""
        rows = self.unknown(switches, live)[: self.limit - self.used]
        if len(rows):
            self._record(switches[rows], live[rows], self.problem.loss(switches[rows], live[rows]).double())
        numbers = [self._number.get(key) for key in self._keys(switches, live)]
        losses = [math.nan if number is None else self.seen[number].loss for number in numbers]
        return torch.tensor(losses, dtype=torch.float64)

    def through(self, sample: Sample) -> Tensor:
        """Losses `[B]` of a relaxed sample, with gradients. Known architectures are evaluated again, and count once."""
        assert sample.relaxed is not None
        losses = self.problem.loss(sample.relaxed, sample.live)
        rows = self.unknown(sample.switches, sample.live)[: self.limit - self.used]
        self._record(sample.switches[rows], sample.live[rows], losses.detach()[rows].double())
        return losses

    def _record(self, switches: Tensor, live: Tensor, losses: Tensor) -> None:
        keys, feasible = self._keys(switches, live), self.problem.feasible(live).tolist()
        for row, (key, loss) in enumerate(zip(keys, losses.tolist(), strict=True)):
            architecture = Architecture(switches[row].numpy().copy(), live[row].numpy().copy())
            if not math.isfinite(loss):
                edges = [e.name for e, on in zip(self.problem.graph.edges, live[row].tolist(), strict=True) if on]
                raise FloatingPointError(f"the loss of the architecture of edges {', '.join(edges)} is {loss}")
            self._number[key] = self.used
            self.seen.append(Seen(architecture, loss, feasible[row], self.used))

    def _keys(self, switches: Tensor, live: Tensor) -> list[bytes]:
        return [row.tobytes() for row in (live if self.problem.of_live else switches).numpy()]
