"""Sums over batches, and what they tell of all examples together."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from bsnc.data.task import Task


@dataclass
class Tally:
    """How many batches and examples, the sum of the losses, and the sum of the measures of a task."""

    steps: int = 0
    examples: int = 0
    loss: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    measures: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.int64))

    def add(self, task: Task, losses: Tensor, outputs: Tensor, targets: Tensor) -> None:
        """Losses `[B]`, outputs and targets `[B, …]` of a batch."""
        self.steps += 1
        self.examples += len(targets)
        self.loss = losses.sum().double() + self.loss.to(losses.device)
        self.measures = task.measures(outputs, targets) + self.measures.to(losses.device)

    @property
    def mean_loss(self) -> float:
        return float(self.loss) / max(1, self.examples)

    def metrics(self, task: Task) -> dict[str, float]:
        """By name, the main one first; none where no batch was added."""
        return task.metrics(self.measures.cpu()) if self.steps else {}
