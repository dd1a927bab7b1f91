"""Gates that have long been decided are frozen, so that no edge is computed for the sake of rare samples."""

from __future__ import annotations

import torch
from torch import Tensor

from bsnc.search.gates import Gates
from bsnc.search.program import most_probable

CERTAIN = 0.99


class Freezer:
    """Freezes a gate whose likeliest value, the same one, had p ≥ CERTAIN at the end of so many epochs in a row; with 0
    epochs none.

    An architecture that connects input and output and agrees with all frozen gates is always left.
    """

    def __init__(self, gates: Gates, epochs: int) -> None:
        self.gates, self.epochs = gates, epochs
        self.streaks = torch.zeros(len(gates.graph.gates), dtype=torch.int64)
        """`[G]`: for how many epochs each gate has been certain of its value."""
        self.values = gates.most_probable

    def end_epoch(self) -> None:
        gates, values = self.gates, self.gates.most_probable
        streaks = torch.where(self._of_gates(values != self.values), 0, self.streaks) + 1
        self.streaks = torch.where(gates.certainties >= CERTAIN, streaks, 0)
        self.values = values
        decided = (self.streaks >= self.epochs) & ~gates.frozen
        if self.epochs and bool(decided.any()):
            gates.frozen = gates.frozen | (decided & ~self._in_the_way())

    def _in_the_way(self) -> Tensor:
        """`[G]` bool: gates whose likeliest value is not that of the most probable connected architecture. None where
        the likeliest values connect by themselves."""
        gates = self.gates
        if bool(gates.live(self.values[None]).any()):
            return torch.zeros_like(gates.frozen)
        best = most_probable(gates.graph, gates.pinned.numpy(), ())
        assert best is not None, "a feasible program has an architecture"
        return self._of_gates(torch.from_numpy(best.switches) != self.values)

    def _of_gates(self, switches: Tensor) -> Tensor:
        """`[S]` → `[G]`, both bool: the gates of these switches."""
        return torch.zeros(len(self.streaks)).index_add(0, self.gates.owner, switches.float()) > 0
