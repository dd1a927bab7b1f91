"""The training loop, of an SS-network, in which every example of a batch runs in an architecture of its own, and of a
plain network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, fx

from bsnc.data import Dataset, Split, Tally, Task, augment
from bsnc.ir import Program
from bsnc.search import Sample, masks_of_sample
from bsnc.train.finite import check_finite
from bsnc.train.optimise import build_optimiser, build_schedule
from bsnc.train.progress import Progress, Row
from bsnc.train.run_files import save_weights


@dataclass(frozen=True)
class Phase:
    """A stretch of training: its name in metrics, its length, and how many of its last epochs are not augmented."""

    name: str
    epochs: int
    clean: int = 0


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
class Totals(Tally):
    """Sums over the steps of an epoch."""

    def row(self, task: Task, phase: str, epoch: int) -> dict[str, object]:
        return {"phase": phase, "epoch": epoch, "loss": self.mean_loss, **self.metrics(task)}


class Training:
    """Trains a network, lowered from the graph of `program`, on the training split of a data set.

    With a policy the network is stochastic and takes masks, without one it is plain.
    """

    def __init__(
        self,
        program: Program,
        dataset: Dataset,
        network: fx.GraphModule,
        phase: Phase,
        generator: torch.Generator,
        policy: Policy | None = None,
    ) -> None:
        self.program, self.dataset, self.network, self.phase = program, dataset, network, phase
        self.generator, self.policy = generator, policy
        self.steps = len(dataset.train) // program.train.batch_size
        self.optimiser = build_optimiser(program.train, network.parameters())
        self.schedule = build_schedule(program.train, self.optimiser, phase.epochs, self.steps)

    def run(self, progress: Progress, checkpoint: Path | None = None) -> None:
        """All epochs; `checkpoint` keeps the weights of the last good one.

        Raises Diagnosed (BSN502) when the loss is no longer finite.
        """
        progress.phase(self.phase.name, self.phase.epochs)
        for epoch in range(self.phase.epochs):
            started, totals = time.monotonic(), Totals()
            self.network.train()
            for inputs, targets in self._batches(epoch):
                self._step(inputs, targets, epoch, totals)
            if checkpoint is not None:
                save_weights(checkpoint, self.network)
            row = totals.row(self.dataset.task, self.phase.name, epoch) | dict(self.policy.row() if self.policy else {})
            rate, seconds = float(self.schedule.get_last_lr()[0]), round(time.monotonic() - started, 3)
            progress.epoch(row | {"learning_rate": rate, "seconds": seconds})

    def _step(self, inputs: Tensor, targets: Tensor, epoch: int, totals: Totals) -> None:
        sample = self.policy.sample(len(targets), self.generator) if self.policy else None
        taken = (inputs,) if sample is None else (inputs, masks_of_sample(self.program.graph, sample))
        outputs = self.network(*taken)
        losses = self.dataset.task.losses(outputs, targets, self.program.train.label_smoothing)
        batch = f"phase {self.phase.name}, epoch {epoch + 1}, batch {totals.steps + 1}"
        check_finite(losses, self.program.graph, self.network, taken, batch)
        self.optimiser.zero_grad()
        if losses.requires_grad:  # a batch may have drawn nothing that has weights
            losses.mean().backward()
        self.optimiser.step()
        self.schedule.step()
        if self.policy is not None and sample is not None:
            self.policy.learn(sample, losses.detach(), epoch + totals.steps / self.steps)
        totals.add(self.dataset.task, losses.detach(), outputs.detach(), targets)

    def _batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Whole batches of normalised inputs and their targets in a fresh random order; the rest waits its turn."""
        train, size = self.dataset.train, self.program.train.batch_size
        is_clean = epoch >= self.phase.epochs - self.phase.clean
        order = torch.randperm(len(train), generator=self.generator)
        for step in range(self.steps):
            batch = train[order[step * size : (step + 1) * size]]
            if not is_clean:
                batch = self._augmented(batch)
            yield self.dataset.normalise(batch.inputs), batch.targets

    def _augmented(self, batch: Split) -> Split:
        classes = len(self.dataset.class_names) or self.program.graph.output.shape[0]
        return augment(batch, self.program.data.augment, self.dataset.task, classes, self.generator)
