"""Optimisers and learning-rate schedules from their configuration: thin names for torch's."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler, MultiStepLR, OneCycleLR

from bsnc.ir import Cosine, OneCycle, Step, TrainConfig


def build_optimiser(config: TrainConfig, parameters: Iterable[nn.Parameter]) -> SGD:
    """The optimiser of the weights."""
    chosen = config.optimizer
    return SGD(
        parameters,
        lr=chosen.lr,
        momentum=chosen.momentum,
        weight_decay=chosen.weight_decay,
        nesterov=chosen.nesterov,
    )


def build_schedule(config: TrainConfig, optimiser: SGD, epochs: int, steps: int) -> LRScheduler:
    """The schedule of one phase of `epochs` epochs of `steps` steps, stepped once a step.

    Milestones of `step` are epochs of the search; a phase of another length has them at the same fractions.
    """
    schedule, total = config.schedule, max(1, epochs * steps)
    if isinstance(schedule, OneCycle):
        return OneCycleLR(optimiser, config.optimizer.lr, total_steps=total, pct_start=_rise(schedule, total))
    if isinstance(schedule, Cosine):
        return CosineAnnealingLR(optimiser, total)
    if isinstance(schedule, Step):
        milestones = [round(at / config.epochs * total) for at in schedule.at]
        return MultiStepLR(optimiser, milestones, schedule.by)
    return LambdaLR(optimiser, lambda _: 1.0)


def _rise(schedule: OneCycle, total: int) -> float:
    """The warm-up's share of all steps. OneCycleLR divides by the steps of the warm-up less one."""
    is_one_step = abs(schedule.warmup * total - 1) < 1e-9
    return 1.5 / total if is_one_step else schedule.warmup
