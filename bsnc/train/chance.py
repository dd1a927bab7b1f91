"""Whether training gets anywhere: what a constant guess would lose, and whether the loss has fallen below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bsnc.data import Dataset, Regression, Segmentation, Split
from bsnc.diagnostics import Diagnostic
from bsnc.ir import Program
from bsnc.train.progress import Row

LEAST_EPOCHS = 5
LEAST_SHARE = 1 / 3
"""Of a phase: earlier nothing is said."""
MARGIN = 0.01
"""A loss below that of a constant guess by no more than this share of it has not fallen."""
LEAST_LOSS = 1e-6
"""Of a constant guess: where it has less, there is nothing to learn."""
_ROWS = 1024
"""Examples that are counted together."""
HELP = (
    "try another learning rate, `lr` of `train.optimizer`; put `batch_norm` into the modules that learn; see whether "
    "labels belong to their examples, and whether inputs have the range that the network expects"
)


@dataclass(frozen=True)
class Chance:
    """Suspects a phase of a program that trains by its data alone: not by a teacher, whose losses have another scale.

    `constant` is the loss of the best constant guess on the training split.
    """

    program: Program
    constant: float

    def __call__(self, rows: Sequence[Row]) -> Diagnostic | None:
        """BSN543 where at the end of an epoch the losses of a phase are all about as high as a constant guess's."""
        phase, train = str(rows[-1]["phase"]), self.program.train
        planned = {"search": train.epochs, "fine-tune": train.fine_tune, "from-scratch": train.epochs + train.fine_tune}
        if phase not in planned or (train.distill is not None and phase != "search") or self.constant < LEAST_LOSS:
            return None
        losses = [float(str(row["loss"])) for row in rows if row["phase"] == phase]
        enough = max(LEAST_EPOCHS, math.ceil(self._share_of(phase) * planned[phase]))
        if len(losses) < enough or min(losses) < (1 - MARGIN) * self.constant:
            return None
        message = (
            f"after {len(losses)} epochs of phase {phase} the loss is {min(losses):.4g} at best; "
            f"a constant guess has {self.constant:.4g}"
        )
        return Diagnostic("BSN543", message, subject="train", help=HELP)

    def _share_of(self, phase: str) -> float:
        """Of a phase, before which nothing is said: weights that all architectures share learn slowly at first."""
        is_shared = phase == "search" and self.program.search.mode == "staged"
        return 1.0 if is_shared else LEAST_SHARE


def chance_of(program: Program, dataset: Dataset) -> Chance:
    """With the loss of a constant guess on the training examples of a data set."""
    classes = program.graph.output.shape[0]
    return Chance(program, constant_loss(dataset, classes, program.train.label_smoothing))


def constant_loss(dataset: Dataset, classes: int, smoothing: float = 0.0) -> float:
    """The mean loss on the training split of the best output that is alike for every example (for every pixel): of
    classes and masks the entropy in nats of their smoothed frequencies, of values their variance when standardised."""
    task, train = dataset.task, dataset.train
    if isinstance(task, Regression):
        return float(task.losses(torch.zeros_like(train.targets, dtype=torch.float32), train.targets).mean())
    ignored = task.ignore if isinstance(task, Segmentation) else None
    shares = (1 - smoothing) * _shares(train, classes, ignored) + smoothing / classes
    return float(-torch.special.xlogy(shares, shares).sum())


def _shares(split: Split, classes: int, ignored: int | None) -> Tensor:
    """How frequent each class is, `[classes]` (float64), but for the label that does not count."""
    counts = torch.zeros(classes, dtype=torch.float64)
    for part in split.parts(_ROWS):
        labels = part.targets.long().flatten()
        counts += torch.bincount(labels if ignored is None else labels[labels != ignored], minlength=classes)
    return counts / counts.sum().clamp_min(1)
