"""Gates that learn: samples in, one step of gates and duals out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bsnc.ir import Graph, SearchConfig
from bsnc.search.entropy import entropy_gradient
from bsnc.search.estimators import ESTIMATORS
from bsnc.search.gates import Sample, initial_gates
from bsnc.search.penalty import Penalty

Costs = Callable[[Tensor], Tensor]
"""Live edges `[B, E]` → costs `[B, K]`, float64."""
MANY = 1024
"""Samples that tell the mean cost at the initial probabilities."""


class GateLearner:
    """Gates, the penalties of K budgets and the estimator that joins them."""

    def __init__(self, graph: Graph, costs: Costs, bounds: Sequence[float], config: SearchConfig) -> None:
        self.config = config
        self.gates = initial_gates(graph, config.init, config.explore)
        starts = self.gates.sample(MANY, torch.Generator().manual_seed(0))
        self.penalty = Penalty(bounds, costs(starts.live).mean(0).tolist(), config.penalty)
        self.estimator = ESTIMATORS[config.estimator]

    def sample(self, batch: int, generator: torch.Generator) -> Sample:
        return self.estimator.draw(self.gates, batch, generator)

    def learn(self, sample: Sample, losses: Tensor, costs: Tensor, done: float) -> None:
        """One step of the gates on losses `[B]` and costs `[B, K]` of a sample, then one of the duals, `done` being
        the share of the search that is over.

        Until `done` reaches `tighten` the targets of the budgets shrink; from there to the end the weight of the
        gates' entropy grows. Raises FloatingPointError where the gates' step is not finite.
        """
        config = self.config
        self.penalty.set_progress(done / config.tighten if config.tighten > 0 else 1.0)
        gradient = self.estimator.gradient(self.gates, sample, losses.double(), self.penalty(costs))
        decisiveness = max(0.0, done - config.tighten) / max(1e-9, 1 - config.tighten)
        gradient = gradient + config.entropy * decisiveness * entropy_gradient(self.gates)
        if not bool(torch.isfinite(config.gate_lr * gradient).all()):
            raise FloatingPointError("a step of the gates is not finite: λ, `entropy` or `gate_lr` is too large")
        self.gates.descend(gradient, config.gate_lr)
        connected = sample.live.any(1)  # what is not connected costs nothing, and is no architecture
        if bool(connected.any()):
            self.penalty.update(costs[connected])
