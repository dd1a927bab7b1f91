"""Samples of every size."""

from __future__ import annotations

import torch
from torch import Tensor

from bsnc.ir import Graph
from bsnc.search.gates import Gates

LEAST_RATE = 0.1


class WideGates(Gates):
    """Each sample is drawn at a keep rate of its own, uniform from LEAST_RATE to `greatest`; the options of a
    categorical gate alike. There is nothing to learn."""

    def __init__(self, graph: Graph, greatest: float = 0.9) -> None:
        super().__init__(graph, 0.5)
        self.greatest = max(greatest, LEAST_RATE)

    def draw(self, batch: int, generator: torch.Generator) -> Tensor:
        rates = LEAST_RATE + (self.greatest - LEAST_RATE) * torch.rand(batch, 1, generator=generator)
        uniform = torch.rand(batch, len(self.logits), generator=generator)
        return torch.where(self.is_single, uniform < rates, self.switches_at(uniform))
