"""Score-function estimators of the gradient of E[objective] in the gates' logits (Williams, 1992)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Estimator = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(switches `[B, S]`, probabilities `[S]`, objective `[B]`) → gradient in the logits `[S]`; B ≥ 2."""


def _score(switches: Tensor, probabilities: Tensor, advantage: Tensor) -> Tensor:
    """Mean over the batch of advantage · ∂ log p(switches) / ∂ logits, the latter being switches − p."""
    return ((switches.to(probabilities.dtype) - probabilities) * advantage[:, None]).mean(0)


def reinforce(switches: Tensor, probabilities: Tensor, objective: Tensor) -> Tensor:
    """Baseline: the mean of the batch, as in Veniat & Denoyer (2018). Biased by the factor (B − 1) / B."""
    return _score(switches, probabilities, objective - objective.mean())


def rloo(switches: Tensor, probabilities: Tensor, objective: Tensor) -> Tensor:
    """Baseline: the mean of the other examples (Kool, van Hoof & Welling, 2019). Unbiased."""
    others = (objective.sum() - objective) / (len(objective) - 1)
    return _score(switches, probabilities, objective - others)


ESTIMATORS: dict[str, Estimator] = {"reinforce": reinforce, "rloo": rloo}
