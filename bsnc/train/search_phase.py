"""The training loop of an SS-network: weights by gradient descent, gates by policy gradient, in one step each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, fx
from torch.nn import functional

from bsnc.cost import Cost, Given, cost_of
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import Program
from bsnc.search import GateLearner, judge, masks_of_sample
from bsnc.train.augment import augment
from bsnc.train.bounds import bound_of
from bsnc.train.data import Dataset
from bsnc.train.optimise import build_optimiser, build_schedule
from bsnc.train.progress import Progress, Row


@dataclass
class Totals:
    """Sums over the steps of an epoch."""

    steps: int = 0
    examples: int = 0
    loss: float = 0.0
    correct: int = 0
    inconsistent: int = 0
    costs: list[Tensor] = field(default_factory=list[Tensor])

    def add(self, losses: Tensor, logits: Tensor, labels: Tensor) -> None:
        self.steps += 1
        self.examples += len(labels)
        self.loss += float(losses.sum())
        self.correct += int((logits.argmax(1) == labels).sum())

    def row(self, phase: str, epoch: int) -> dict[str, object]:
        seen = max(1, self.examples)
        return {"phase": phase, "epoch": epoch, "loss": self.loss / seen, "accuracy": self.correct / seen}


class SearchPhase:
    """Trains `network` (stochastic) and `gates` together for `program.train.epochs` epochs."""

    def __init__(
        self,
        program: Program,
        dataset: Dataset,
        network: fx.GraphModule,
        generator: torch.Generator,
        given: Given | None = None,
    ) -> None:
        self.program, self.dataset, self.network, self.generator = program, dataset, network, generator
        self.costs: list[Cost] = [cost_of(b.cost, program.graph, given) for b in program.budgets]
        pairs = zip(program.budgets, self.costs, strict=True)
        self.bounds = [bound_of(budget, cost, program.graph) for budget, cost in pairs]
        self.learner = GateLearner(program.graph, self.cost_table, self.bounds, program.search)
        self.gates, self.penalty = self.learner.gates, self.learner.penalty
        self.inconsistent = 0

    def run(self, progress: Progress) -> None:
        """The loop. Raises Diagnosed (BSN502) when the loss is no longer finite."""
        config, train = self.program.train, self.dataset.train
        steps = len(train) // config.batch_size
        optimiser = build_optimiser(config, self.network.parameters())
        schedule = build_schedule(config, optimiser, config.epochs, steps)
        progress.phase("search", config.epochs)
        for epoch in range(config.epochs):
            started, totals = time.monotonic(), Totals()
            self.network.train()
            for images, labels in epoch_batches(self.program, self.dataset, self.generator):
                sample = self.learner.sample(len(labels), self.generator)
                logits = self.network(images, masks_of_sample(self.program.graph, sample))
                losses = task_loss(logits, labels, config.label_smoothing)
                check_finite(losses, "search", epoch, totals.steps)
                optimiser.zero_grad()
                if losses.requires_grad:  # a batch may have drawn nothing that has weights
                    losses.mean().backward()
                optimiser.step()
                schedule.step()
                costs = self.cost_table(sample.live)
                if epoch >= self.program.search.warmup:
                    self.learner.learn(sample, losses.detach(), costs, self._done(epoch, totals.steps, steps))
                totals.add(losses.detach(), logits.detach(), labels)
                totals.costs.append(costs)
                totals.inconsistent += sample.inconsistent
            self.inconsistent += totals.inconsistent
            progress.epoch(self._row(totals, epoch, float(schedule.get_last_lr()[0]), time.monotonic() - started))

    def _done(self, epoch: int, step: int, steps: int) -> float:
        """Share of the search after its warm-up that is over, from 0 to 1."""
        warmup = self.program.search.warmup
        return (epoch + step / steps - warmup) / max(1, self.program.train.epochs - warmup)

    def cost_table(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` → costs `[B, K]` of the K budgets."""
        if not self.costs:
            return torch.zeros(len(live), 0, dtype=torch.float64)
        return torch.stack([cost(live) for cost in self.costs], dim=1)

    def _row(self, totals: Totals, epoch: int, rate: float, seconds: float) -> Row:
        verdict = judge(self.gates)
        names = [str(b.cost) for b in self.program.budgets]
        sampled = torch.cat(totals.costs)
        over = (sampled > torch.tensor(self.bounds, dtype=torch.float64)).any(1) if names else torch.zeros(1)
        return totals.row("search", epoch) | {
            "cost": dict(zip(names, sampled.mean(0).tolist(), strict=True)),
            "lambda": dict(zip(names, self.penalty.lambdas.tolist(), strict=True)),
            "over_budget": float(over.float().mean()),
            "mean_entropy": verdict.mean_entropy,
            "open_gates": verdict.open_gates,
            "inconsistent_samples": totals.inconsistent,
            "learning_rate": rate,
            "seconds": round(seconds, 3),
        }


def epoch_batches(
    program: Program, dataset: Dataset, generator: torch.Generator, augmented: bool = True
) -> Iterator[tuple[Tensor, Tensor]]:
    """Whole batches of normalised images and their labels in a fresh random order; the rest waits its turn."""
    train, size = dataset.train, program.train.batch_size
    order = torch.randperm(len(train), generator=generator)
    for start in range(0, len(train) - size + 1, size):
        rows = order[start : start + size]
        images = train.images[rows]
        if augmented:
            images = augment(images, program.data.augment, generator)
        yield dataset.normalise(images), train.labels[rows]


def task_loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy in nats per example, `[B]`."""
    return functional.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)


def check_finite(losses: Tensor, phase: str, epoch: int, step: int) -> None:
    """Raises Diagnosed (BSN502) where a loss is infinite or undefined."""
    if bool(torch.isfinite(losses).all()):
        return
    message = f"the loss is not finite in phase {phase}, epoch {epoch + 1}, step {step + 1}"
    help_text = "lower the learning rate: `train { optimizer = sgd(lr = …) }`"
    raise Diagnosed(Diagnostic("BSN502", message, subject="train", help=help_text))
