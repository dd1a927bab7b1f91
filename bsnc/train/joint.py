"""Gates that learn beside the weights, one step each a batch (Veniat & Denoyer, 2018)."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from bsnc.ir import Program
from bsnc.search import Freezer, GateLearner, Sample, judge
from bsnc.train.apart import Judge
from bsnc.train.bounds import BudgetTable
from bsnc.train.checkpoint import State
from bsnc.train.progress import Row


class JointPolicy:
    """Samples of gates, which learn of the losses of these once the warm-up is over."""

    def __init__(self, program: Program, budgets: BudgetTable) -> None:
        self.budgets, self.config, self.epochs = budgets, program.search, program.train.epochs
        self.learner = GateLearner(program.graph, budgets.costs, budgets.bounds, program.search)
        self.freezer = Freezer(self.learner.gates, program.search.freeze)
        self.inconsistent = 0
        self.sampled: Tensor = torch.zeros(0, len(budgets.bounds), dtype=torch.float64)
        """Costs `[N, K]` of the samples of the last epoch, of those that are connected."""
        self._epoch: list[tuple[Tensor, int]] = []
        self._done = -1.0
        """The share of the epochs after the warm-up that is over; below 0 before them."""

    def sample(self, batch: int, generator: torch.Generator) -> Sample:
        return self.learner.sample(batch, generator)

    def learn(self, sample: Sample, losses: Tensor, epochs: float) -> None:
        costs = self._record(sample)
        if self._is_warm(epochs):
            self.learner.learn(sample, losses, costs, self._done)

    def _is_warm(self, epochs: float) -> bool:
        """Whether gates learn after so many epochs."""
        self._done = (epochs - self.config.warmup) / max(1, self.epochs - self.config.warmup)
        return self._done >= 0

    def _record(self, sample: Sample) -> Tensor:
        """The costs of a sample, `[B, K]`, which count among those of the epoch."""
        costs = self.budgets.costs(sample.live)
        self._epoch.append((costs[sample.live.any(1)], sample.inconsistent))
        return costs

    def row(self) -> Row:
        self.sampled = torch.cat([costs for costs, _ in self._epoch])
        inconsistent = sum(count for _, count in self._epoch)
        self.inconsistent += inconsistent
        self._epoch = []
        if self._done >= self.config.tighten:
            self.freezer.end_epoch()
        verdict = judge(self.learner.gates)
        names, lambdas = self.budgets.names, self.learner.penalty.lambdas.tolist()
        return {
            "cost": dict(zip(names, means(self.sampled), strict=True)),
            "lambda": dict(zip(names, lambdas, strict=True)),
            "over_budget": self.budgets.share_over(self.sampled) if len(self.sampled) else None,
            "mean_entropy": verdict.mean_entropy,
            "open_gates": verdict.open_gates,
            "frozen_gates": int(self.learner.gates.frozen.sum()),
            "inconsistent_samples": inconsistent,
        }

    def state_dict(self) -> State:
        return {
            "logits": self.learner.gates.logits,
            "frozen": self.learner.gates.frozen,
            "certain": {"streaks": self.freezer.streaks, "values": self.freezer.values},
            "done": self._done,
            "lambdas": self.learner.penalty.lambdas,
            "inconsistent": self.inconsistent,
            "sampled": self.sampled,
            "epoch": self._epoch,
        }

    def load_state_dict(self, state: State) -> None:
        self.learner.gates.logits = state["logits"]
        self.learner.gates.frozen = state["frozen"]
        self.freezer.streaks, self.freezer.values = state["certain"]["streaks"], state["certain"]["values"]
        self._done = state["done"]
        self.learner.penalty.lambdas = state["lambdas"]
        self.inconsistent, self.sampled = state["inconsistent"], state["sampled"]
        self._epoch = [(costs, count) for costs, count in state["epoch"]]


class ApartPolicy(JointPolicy):
    """The same, but gates learn from examples of their own: after each step of the weights from the losses of a batch
    of these, under a sample of its own."""

    def __init__(self, program: Program, budgets: BudgetTable, judge: Judge) -> None:
        super().__init__(program, budgets)
        self.judge, self.batch = judge, program.train.batch_size

    def sample(self, batch: int, generator: torch.Generator) -> Sample:
        """For the weights: no gradient goes to the gates."""
        return replace(super().sample(batch, generator), relaxed=None, leaf=None)

    def learn(self, sample: Sample, losses: Tensor, epochs: float) -> None:  # noqa: ARG002
        self._record(sample)
        if self._is_warm(epochs):
            own = self.learner.sample(self.batch, self.judge.generator)
            self.learner.learn(own, self.judge(own, epochs), self._record(own), self._done)

    def state_dict(self) -> State:
        return {**super().state_dict(), "judge": self.judge.state_dict()}

    def load_state_dict(self, state: State) -> None:
        super().load_state_dict(state)
        self.judge.load_state_dict(state["judge"])


def means(costs: Tensor) -> list[float] | list[None]:
    """Costs `[N, K]` → their means `[K]`; None where there are none."""
    return costs.mean(0).tolist() if len(costs) else [None] * costs.shape[1]
