"""The training loop of an SS-network: every example of a batch runs in an architecture of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, fx
from torch.nn import functional

from bsnc.ir import Program
from bsnc.search import Sample, masks_of_sample
from bsnc.train.augment import augment
from bsnc.train.checkpoint import save_weights
from bsnc.train.data import Dataset
from bsnc.train.finite import check_finite
from bsnc.train.optimise import build_optimiser, build_schedule
from bsnc.train.progress import Progress, Row


@dataclass(frozen=True)
class Phase:
    """A stretch of training: its name in metrics, and its length."""

    name: str
    epochs: int


class Policy(Protocol):
    """Draws the architectures of a batch, and may learn of their losses."""

    def sample(self, batch: int, generator: torch.Generator) -> Sample: ...

    def learn(self, sample: Sample, losses: Tensor, epochs: float) -> None:
        """Losses `[B]` of a sample, after so many epochs."""
        ...

    def row(self) -> Row:
        """Metrics of the epoch that ended."""
        ...


@dataclass
class Totals:
    """Sums over the steps of an epoch."""

    steps: int = 0
    examples: int = 0
    loss: float = 0.0
    correct: int = 0

    def add(self, losses: Tensor, logits: Tensor, labels: Tensor) -> None:
        self.steps += 1
        self.examples += len(labels)
        self.loss += float(losses.sum())
        self.correct += int((logits.argmax(1) == labels).sum())

    def row(self, phase: str, epoch: int) -> dict[str, object]:
        seen = max(1, self.examples)
        return {"phase": phase, "epoch": epoch, "loss": self.loss / seen, "accuracy": self.correct / seen}


@dataclass(frozen=True)
class SharedTraining:
    """Trains the weights of `network`, stochastic, on the training split of a data set."""

    program: Program
    dataset: Dataset
    network: fx.GraphModule
    generator: torch.Generator
    checkpoint: Path
    """Written after every epoch: where a later one fails, the weights of the last good one stay."""

    def run(self, phase: Phase, policy: Policy, progress: Progress) -> None:
        """The loop. Raises Diagnosed (BSN502) when the loss is no longer finite."""
        graph, config = self.program.graph, self.program.train
        steps = len(self.dataset.train) // config.batch_size
        optimiser = build_optimiser(config, self.network.parameters())
        schedule = build_schedule(config, optimiser, phase.epochs, steps)
        progress.phase(phase.name, phase.epochs)
        for epoch in range(phase.epochs):
            started, totals = time.monotonic(), Totals()
            self.network.train()
            for images, labels in epoch_batches(self.program, self.dataset, self.generator):
                sample = policy.sample(len(labels), self.generator)
                masks = masks_of_sample(graph, sample)
                logits = self.network(images, masks)
                losses = task_loss(logits, labels, config.label_smoothing)
                check_finite(losses, graph, self.network, (images, masks), batch_name(phase, epoch, totals))
                optimiser.zero_grad()
                if losses.requires_grad:  # a batch may have drawn nothing that has weights
                    losses.mean().backward()
                optimiser.step()
                schedule.step()
                policy.learn(sample, losses.detach(), epoch + totals.steps / steps)
                totals.add(losses.detach(), logits.detach(), labels)
            save_weights(self.checkpoint, self.network)
            extra = {"learning_rate": float(schedule.get_last_lr()[0]), "seconds": round(time.monotonic() - started, 3)}
            progress.epoch(totals.row(phase.name, epoch) | dict(policy.row()) | extra)


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


def batch_name(phase: Phase, epoch: int, totals: Totals) -> str:
    return f"phase {phase.name}, epoch {epoch + 1}, batch {totals.steps + 1}"


def task_loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy in nats per example, `[B]`."""
    return functional.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)
