"""λ · max(0, C / bound − 1) for each budget, with λ fixed or found while training."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Penalty:
    """Hinge penalties of K budgets.

    With `auto` each λ follows the expected relative excess of its budget by a clipped multiplicative rule,
    λ ← clip(λ · exp(RATE · clip(mean(C) / bound − 1, ±1)), LOWEST, HIGHEST): unlike a sum of excesses it does not
    wind up while the cost is still on its way down.
    """

    RATE = 0.03
    LOWEST, HIGHEST = 0.02, 20.0

    def __init__(self, bounds: list[float], penalty: float | str) -> None:
        self.bounds = torch.tensor(bounds, dtype=torch.float64)
        self.is_auto = penalty == "auto"
        start = 1.0 if self.is_auto else float(penalty)
        self.lambdas = torch.full_like(self.bounds, start)

    def __call__(self, costs: Tensor) -> Tensor:
        """Costs `[B, K]` → penalties `[B]`."""
        return (self._excess(costs).clamp(min=0) * self.lambdas).sum(1)

    def update(self, costs: Tensor) -> None:
        """One dual step on the costs `[B, K]` of a batch of samples; nothing where λ is fixed."""
        if not self.is_auto:
            return
        excess = self._excess(costs).mean(0).clamp(-1, 1)
        self.lambdas = (self.lambdas * torch.exp(self.RATE * excess)).clamp(self.LOWEST, self.HIGHEST)

    def _excess(self, costs: Tensor) -> Tensor:
        return costs / self.bounds - 1


def entropy_bits(probabilities: Tensor) -> Tensor:
    """Entropy of Bernoulli variables in bits, elementwise; 0 at 0 and 1."""
    p = probabilities.clamp(1e-12, 1 - 1e-12).double()
    return -(p * p.log() + (1 - p) * (1 - p).log()) / math.log(2)
