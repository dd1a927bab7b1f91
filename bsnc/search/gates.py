"""The random gates of an SS-network: Bernoulli variables with learnt logits, sampled per example."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bsnc.ir import Graph, live_edges

MAX_LOGIT = 8.0
"""Logits stay within ±8 (p within 0.0003 of 0 and 1), so that no gate saturates beyond recall."""
MAX_DRAWS = 100


def expand_gates(graph: Graph, gates: Tensor) -> Tensor:
    """Gate samples `[B, G]` (bool) → masks `[B, E]`: fixed edges are always kept."""
    with_fixed = torch.cat([gates, gates.new_ones(len(gates), 1)], dim=1)
    columns = [len(graph.gates) if g is None else g for g in graph.edge_gates]
    return with_fixed[:, columns]


@dataclass(frozen=True)
class Sample:
    """One draw for a batch: gates `[B, G]`, live edges `[B, E]`, and how many rows had to be drawn again."""

    gates: Tensor
    live: Tensor
    redrawn: int


class Gates:
    """Independent Bernoulli gates with logits `[G]`, on the CPU.

    Samples are drawn from the distribution *given that input and output are connected*: inconsistent rows are
    drawn again. With a baseline that centres the batch the score function needs no correction for that, since
    the shift of the mean is the same for every row.
    """

    def __init__(self, graph: Graph, init: float) -> None:
        self.graph = graph
        start = torch.logit(torch.tensor(init, dtype=torch.float64))
        self.logits = torch.full((len(graph.gates),), float(start))

    @property
    def probabilities(self) -> Tensor:
        return torch.sigmoid(self.logits)

    def sample(self, batch: int, generator: torch.Generator) -> Sample:
        """Draw until every row is consistent, at most MAX_DRAWS times; what is left then keeps every gate."""
        p = self.probabilities
        gates = torch.rand(batch, len(p), generator=generator) < p
        live = self.live(gates)
        redrawn = 0
        for _ in range(MAX_DRAWS):
            broken = ~live.any(1)
            count = int(broken.sum())
            if count == 0:
                return Sample(gates, live, redrawn)
            redrawn += count
            gates[broken] = torch.rand(count, len(p), generator=generator) < p
            live[broken] = self.live(gates[broken])
        gates[~live.any(1)] = True
        return Sample(gates, self.live(gates), redrawn)

    def live(self, gates: Tensor) -> Tensor:
        """Gate samples `[B, G]` → live edges `[B, E]`, both bool."""
        masks = expand_gates(self.graph, gates)
        return torch.from_numpy(live_edges(self.graph, masks.numpy()))

    def descend(self, gradient: Tensor, rate: float) -> None:
        """A step of plain SGD on the logits. `gradient` is that of the expected objective, `[G]`."""
        self.logits.sub_(rate * gradient).clamp_(-MAX_LOGIT, MAX_LOGIT)
