"""λ · max(0, C / bound − 1) for each budget, with λ fixed or found while training."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Penalty:
    """Hinge penalties of K budgets, λ · max(0, C / target − 1).

    The targets tighten: each starts at the cost at which the search starts and shrinks geometrically to its
    bound, `set_progress` telling how far. So what is given up first is what costs most for its worth, instead
    of everything at once.

    With `auto` each λ follows the mean relative excess over its target by a clipped multiplicative rule,
    λ ← clip(λ · exp(RATE · clip(mean(C) / target − 1, ±1)), LOWEST, HIGHEST): unlike a sum of excesses it does
    not wind up while the cost is still on its way down.
    """

    RATE = 0.03
    LOWEST, HIGHEST = 0.02, 20.0

    def __init__(self, bounds: Sequence[float], starts: Sequence[float], penalty: float | str) -> None:
        self.bounds = torch.tensor(bounds, dtype=torch.float64).clamp(max=torch.finfo(torch.float64).max)
        self.starts = torch.maximum(torch.tensor(starts, dtype=torch.float64), self.bounds)
        self.targets = self.bounds
        self.is_auto = penalty == "auto"
        self.lambdas = torch.full_like(self.bounds, 1.0 if self.is_auto else float(penalty))

    def set_progress(self, progress: float) -> None:
        """Move the targets: 0 is the starting cost, 1 and more the bound."""
        share = min(1.0, max(0.0, progress))
        self.targets = self.starts * (self.bounds / self.starts) ** share

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
        """Relative to the targets; to the starting cost where a target is 0."""
        unit = torch.where(self.targets > 0, self.targets, self.starts)
        return (costs - self.targets) / torch.where(unit > 0, unit, 1.0)
