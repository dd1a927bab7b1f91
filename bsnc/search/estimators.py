"""Estimators of the gradient of E[loss + penalty] in the gates' logits, from one batch of samples."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from bsnc.ir import NEVER
from bsnc.search.gates import MAX_DRAWS, Gates, Sample


class Estimator(ABC):
    """Draws the samples that it needs, and turns what they cost into a gradient.

    Losses and penalties are `[B]`, B ≥ 2. Where `differentiates`, the loss of the samples must have been computed from
    `sample.relaxed`, and the mean of losses differentiated back to `sample.leaf`, before `gradient` is called.
    """

    differentiates = False

    def draw(self, gates: Gates, batch: int, generator: torch.Generator) -> Sample:
        return gates.sample(batch, generator)

    @abstractmethod
    def gradient(self, gates: Gates, sample: Sample, losses: Tensor, penalties: Tensor) -> Tensor:
        """`[S]`, of the expected loss plus penalty."""


class Reinforce(Estimator):
    """Score function (Williams, 1992) with the mean of the batch as baseline, as in Veniat & Denoyer (2018). Biased by
    the factor (B − 1) / B."""

    def gradient(self, gates: Gates, sample: Sample, losses: Tensor, penalties: Tensor) -> Tensor:
        objective = losses + penalties
        return _mean_score(gates, sample, objective - objective.mean())


class LeaveOneOut(Estimator):
    """Score function with the mean of the other samples as baseline (Kool, van Hoof & Welling, 2019). Unbiased."""

    def gradient(self, gates: Gates, sample: Sample, losses: Tensor, penalties: Tensor) -> Tensor:
        return _leave_one_out(gates, sample, losses + penalties)


class DisArm(Estimator):
    """Antithetic pairs (Dong, Mnih & Tucker, 2020): the first half of a batch is drawn from uniform numbers u, the
    second from 1 − u, and a gate learns from the pairs in which its two values differ. Unbiased.

    Categorical gates are drawn independently in both halves, and each half is the other's baseline. Pairs can not be
    drawn again without bias: a sample that is not connected counts as much as the worst connected one of its batch. Of
    an odd batch the last sample teaches nothing.
    """

    def draw(self, gates: Gates, batch: int, generator: torch.Generator) -> Sample:
        size, switches = (batch + 1) // 2, len(gates.logits)
        first = torch.rand(size, switches, generator=generator)
        again = torch.rand(size, switches, generator=generator)
        second = torch.where(gates.is_single, 1 - first, again)
        rows = gates.switches_at(torch.cat([first, second]))
        rows = torch.cat([rows[: batch // 2], rows[size : size + batch // 2], rows[size - 1 : size]])[:batch]
        live = gates.live(rows)
        return Sample(rows, live, int((~live.any(1)).sum()))

    def gradient(self, gates: Gates, sample: Sample, losses: Tensor, penalties: Tensor) -> Tensor:
        objective, connected = losses + penalties, sample.live.any(1)
        if bool(connected.any()):
            objective = torch.where(connected, objective, objective[connected].max())
        half = len(objective) // 2
        difference = ((objective[:half] - objective[half : 2 * half]) / 2)[:, None]
        one, two = (part.to(difference.dtype) for part in (sample.switches[:half], sample.switches[half : 2 * half]))
        q = gates.chances
        paired = (one - two) * torch.maximum(q, 1 - q) * gates.sensitivity
        scores = gates.score(sample.switches[:half]) - gates.score(sample.switches[half : 2 * half])
        return (difference * torch.where(gates.is_single, paired, scores)).mean(0).to(gates.logits.dtype)


class GumbelStraightThrough(Estimator):
    """Gumbel-softmax samples, hard forwards and soft backwards (Jang, Gu & Poole, 2017; Maddison, Mnih & Teh, 2017),
    for losses that can be differentiated in the masks. Biased. What penalties say comes by the leave-one-out score."""

    differentiates = True
    TEMPERATURE = 1.0

    def draw(self, gates: Gates, batch: int, generator: torch.Generator) -> Sample:
        noise = torch.rand(batch, len(gates.logits), generator=generator)
        inconsistent = 0
        for _ in range(MAX_DRAWS):
            hard = self._soft(gates, gates.logits, noise)[0]
            broken = ~gates.live(hard).any(1)
            if not bool(broken.any()):
                break
            inconsistent += int(broken.sum())
            noise[broken] = torch.rand(int(broken.sum()), len(gates.logits), generator=generator)
        leaf = gates.logits.clone().requires_grad_()
        hard, soft = self._soft(gates, leaf, noise)
        live = gates.live(hard)
        if not bool(live.any(1).all()):
            live = gates.mend(hard, live)
        relaxed = hard.to(soft.dtype) + soft - soft.detach()
        relaxed = torch.where(gates.is_frozen & ~gates.most_probable, NEVER, relaxed)
        return Sample(hard, live, inconsistent, relaxed, leaf)

    def gradient(self, gates: Gates, sample: Sample, losses: Tensor, penalties: Tensor) -> Tensor:  # noqa: ARG002
        assert sample.leaf is not None
        through = sample.leaf.grad
        assert through is not None, "the loss was not differentiated in the masks"
        return through + _leave_one_out(gates, sample, penalties)

    def _soft(self, gates: Gates, logits: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Samples `[B, S]` as hard and as soft switches."""
        logits = _mixed(gates, logits)
        eps = torch.finfo(uniform.dtype).eps
        uniform = uniform.clamp(eps, 1 - eps)
        soft = torch.sigmoid((logits + torch.logit(uniform)) / self.TEMPERATURE)
        hard = soft > 0.5
        for group in gates.groups:
            noisy = (logits[group] - torch.log(-torch.log(uniform[:, group]))) / self.TEMPERATURE
            soft = soft.index_copy(1, group, torch.softmax(noisy, 1))
            hard[:, group] = noisy.argmax(1)[:, None] == torch.arange(len(group))
        return hard, soft


def _mixed(gates: Gates, logits: Tensor) -> Tensor:
    """Logits `[S]` → those of the mixture with the exploration floor, from which samples come, infinite where gates are
    frozen; differentiable."""
    if gates.explore:
        single = (1 - gates.explore) * torch.sigmoid(logits) + gates.explore / 2
        mixed = torch.logit(single)
        for group in gates.groups:
            options = (1 - gates.explore) * torch.softmax(logits[group], 0) + gates.explore / len(group)
            mixed = mixed.index_copy(0, group, torch.log(options))
        logits = mixed
    certain = torch.where(gates.is_single, torch.inf, 0.0)  # of the options of a choice the others have none
    return torch.where(gates.is_frozen, torch.where(gates.most_probable, certain, -torch.inf), logits)


def _mean_score(gates: Gates, sample: Sample, advantage: Tensor) -> Tensor:
    """Mean over the batch of advantage · ∂ log p(sample) / ∂ logits."""
    return (gates.score(sample.switches) * advantage[:, None].to(gates.logits.dtype)).mean(0)


def _leave_one_out(gates: Gates, sample: Sample, objective: Tensor) -> Tensor:
    others = (objective.sum() - objective) / (len(objective) - 1)
    return _mean_score(gates, sample, objective - others)


ESTIMATORS: dict[str, Estimator] = {
    "reinforce": Reinforce(),
    "rloo": LeaveOneOut(),
    "disarm": DisArm(),
    "gumbel_st": GumbelStraightThrough(),
}
