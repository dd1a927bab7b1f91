"""What the losses seen so far say of the others: a quadratic in the switches, by ridge regression."""

from __future__ import annotations

import torch
from torch import Tensor

MAX_FEATURES = 600
"""Beyond, pairs of switches are left out: a fit stays a matter of milliseconds."""
RIDGE = 1.0


class Surrogate:
    """loss ≈ a + Σ b_i s_i + Σ c_ij s_i s_j, fitted to samples `[N, S]` and losses `[N]`.

    Coefficients have a Gaussian prior, narrower for pairs than for single switches, so that few samples give a plane
    and many a quadratic.
    """

    def __init__(self, switches: Tensor, losses: Tensor) -> None:
        count = switches.shape[1]
        self.pairs = torch.triu_indices(count, count, 1) if count * (count + 1) // 2 <= MAX_FEATURES else None
        features = self._features(switches)
        self.centre = losses.mean()
        self.shift = features.mean(0)
        features = features - self.shift
        scale = losses.std(correction=0).clamp(min=1e-12)
        gram = features.T @ features + RIDGE * torch.eye(features.shape[1], dtype=features.dtype)
        right = features.T @ ((losses - self.centre) / scale)
        self.weights = torch.linalg.solve(gram, right) * scale

    def __call__(self, switches: Tensor) -> Tensor:
        """Samples `[N, S]` → losses `[N]`."""
        return self.centre + (self._features(switches) - self.shift) @ self.weights

    def _features(self, switches: Tensor) -> Tensor:
        single = switches.double()
        if self.pairs is None:
            return single
        return torch.cat([single, 0.5 * single[:, self.pairs[0]] * single[:, self.pairs[1]]], 1)
