"""Score-function estimators of the gradient of E[objective] in the gates' logits (Williams, 1992)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Estimator = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(gates `[B, G]`, probabilities `[G]`, objective `[B]`) → gradient `[G]`; B ≥ 2."""


def _score(gates: Tensor, probabilities: Tensor, advantage: Tensor) -> Tensor:
    """Mean over the batch of advantage · ∂ log p(gates) / ∂ logits, the latter being gates − p."""
    return ((gates.to(probabilities.dtype) - probabilities) * advantage[:, None]).mean(0)


def reinforce(gates: Tensor, probabilities: Tensor, objective: Tensor) -> Tensor:
    """Baseline: the mean of the batch, as in Veniat & Denoyer (2018). Biased by the factor (B − 1) / B."""
    return _score(gates, probabilities, objective - objective.mean())


def rloo(gates: Tensor, probabilities: Tensor, objective: Tensor) -> Tensor:
    """Baseline: the mean of the other examples (Kool, van Hoof & Welling, 2019). Unbiased."""
    others = (objective.sum() - objective) / (len(objective) - 1)
    return _score(gates, probabilities, objective - others)


ESTIMATORS: dict[str, Estimator] = {"reinforce": reinforce, "rloo": rloo}
