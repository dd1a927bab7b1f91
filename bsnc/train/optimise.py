"""Optimisers and learning-rate schedules from their configuration: thin names for torch's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from bsnc.ir import AdamW, Constant, Cosine, Graph, Muon, OneCycle, Sgd, Step, TrainConfig
from bsnc.train.checkpoint import State
from bsnc.train.matrices import as_matrices, hidden_matrices, of_norms_and_biases

Part = TypeVar("Part", Optimizer, LRScheduler)


@dataclass(frozen=True)
class Together(Generic[Part]):
    """One or several of torch's as one: they step, are kept and go on together."""

    parts: tuple[Part, ...]

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def state_dict(self) -> State:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state: State) -> None:
        for part, kept in zip(self.parts, state["parts"], strict=True):
            part.load_state_dict(dict[str, Any](kept))


class Optimisers(Together[Optimizer]):
    """Each has parameters of its own."""


class Schedules(Together[LRScheduler]):
    """Of optimisers, one each, all of the same rate."""

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.parts[0].get_last_lr()[0])


def build_optimiser(config: TrainConfig, network: nn.Module, graph: Graph) -> Optimisers:
    """The optimiser of the weights of a network that was lowered from a graph, in either form."""
    chosen = config.optimizer
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    if not isinstance(chosen, Muon):
        return Optimisers((_of_vectors(chosen, _groups(network, weights, chosen)),))
    hidden = hidden_matrices(network, graph)
    rest = [weight for weight in weights if all(weight is not other for other in hidden)]
    others = _of_vectors(AdamW(lr=chosen.lr, weight_decay=chosen.weight_decay), _groups(network, rest, chosen))
    if not hidden:
        return Optimisers((others,))
    return Optimisers((_muon(chosen, hidden), others) if rest else (_muon(chosen, hidden),))


def _of_vectors(chosen: Sgd | AdamW, groups: list[dict[str, Any]]) -> Optimizer:
    """An optimiser that treats each number of a weight alike, wherever it stands."""
    if isinstance(chosen, Sgd):
        return SGD(
            groups,
            lr=chosen.lr,
            momentum=chosen.momentum,
            weight_decay=chosen.weight_decay,
            nesterov=chosen.nesterov,
        )
    betas = (chosen.beta1, chosen.beta2)
    return torch.optim.AdamW(groups, lr=chosen.lr, betas=betas, eps=chosen.eps, weight_decay=chosen.weight_decay)


def _muon(chosen: Muon, hidden: Sequence[nn.Parameter]) -> Optimizer:
    """torch's Muon, its steps scaled to the root mean square of AdamW's: √max(rows, columns) · 0.2 (Liu et al., 2025,
    section 2.2). So both take one learning rate and one weight decay."""
    matrices, take_gradients = as_matrices(hidden)
    optimiser = torch.optim.Muon(
        matrices,
        lr=chosen.lr,
        momentum=chosen.momentum,
        weight_decay=chosen.weight_decay,
        nesterov=chosen.nesterov,
        adjust_lr_fn="match_rms_adamw",
    )

    def before(*_: object) -> None:
        take_gradients()

    optimiser.register_step_pre_hook(before)
    return optimiser


def _groups(network: nn.Module, weights: Sequence[nn.Parameter], chosen: Sgd | AdamW | Muon) -> list[dict[str, Any]]:
    """One group of torch's; a second without decay where biases and norms are spared."""
    if chosen.decay_norms:
        return [{"params": list(weights)}]
    spared = of_norms_and_biases(network)
    groups: list[dict[str, Any]] = [
        {"params": [w for w in weights if id(w) not in spared]},
        {"params": [w for w in weights if id(w) in spared], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def clip_gradients(weights: Sequence[nn.Parameter], limit: float | None) -> None:
    """Scale the gradient of these weights, all together, down to a norm of `limit` where it is longer (Pascanu et al.,
    2013)."""
    if limit is not None:
        nn.utils.clip_grad_norm_(weights, limit)


def build_schedule(config: TrainConfig, optimiser: Optimisers, epochs: int, steps: int) -> Schedules:
    """The schedule of one phase of `epochs` epochs of `steps` steps, stepped once a step.

    Milestones of `step` are epochs of the search; a phase of another length has them at the same fractions.
    """
    schedule, total = config.schedule, max(1, epochs * steps)
    if isinstance(schedule, OneCycle):
        rise = _rise(schedule, total)
        full = config.optimizer.lr
        return Schedules(tuple(OneCycleLR(o, full, total_steps=total, pct_start=rise) for o in optimiser.parts))
    shape = _Shape(schedule, config.epochs, total, steps)
    return Schedules(tuple(LambdaLR(o, shape.at) for o in optimiser.parts))


def _rise(schedule: OneCycle, total: int) -> float:
    """The warm-up's share of all steps. OneCycleLR divides by the steps of the warm-up less one."""
    is_one_step = abs(schedule.warmup * total - 1) < 1e-9
    return 1.5 / total if is_one_step else schedule.warmup


@dataclass(frozen=True)
class _Shape:
    """The learning rate, as a share of the full one, at each of `total` steps, `steps` an epoch."""

    schedule: Constant | Cosine | Step
    searched: int
    total: int
    steps: int

    def at(self, step: int) -> float:
        """With n steps of warm-up, of T: (t + 1) / n for t < n (Goyal et al., 2017). Then for a cosine, with floor f,
        f + (1 − f) · (1 + cos(π (t − n) / (T − n))) / 2; steps fall by a factor at each milestone."""
        schedule = self.schedule
        if isinstance(schedule, Constant):
            return 1.0
        warm = self._warm_up(schedule)
        if step < warm:
            return (step + 1) / warm
        if isinstance(schedule, Cosine):
            done = (step - warm) / max(1, self.total - warm)
            return schedule.floor + (1 - schedule.floor) * (1 + math.cos(math.pi * done)) / 2
        return schedule.by ** sum(round(at / self.searched * self.total) <= step for at in schedule.at)

    def _warm_up(self, schedule: Cosine | Step) -> int:
        """Steps of warm-up: an int is a number of epochs, another number a share of the phase."""
        warmup = schedule.warmup
        steps = warmup * self.steps if isinstance(warmup, int) else round(warmup * self.total)
        return min(steps, self.total)
