"""What the network predicts, how far it is off, and what is told of it on a whole split.

A *measure* of a batch is a tensor of sums: those of the batches of a split add up to that of the split, and metrics are
made from the sum. So a split is evaluated in batches of any size, with one result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from bsnc.data.examples import Split
from bsnc.diagnostics import counted
from bsnc.ir import DataConfig, Target
from bsnc.ops import Shape

_NOT_COUNTED = -100
"""torch's label of pixels that have none."""
_CONSTANT = 1e-12
"""A variance, as a share of the mean square, that is rounding."""


class Task(Protocol):
    """What is asked of a network."""

    target: ClassVar[Target]
    """As section `data` names it."""

    def expects(self, targets: Tensor, classes: int) -> tuple[Shape, str]:
        """The shape of output that targets `[N, …]` of so many classes ask for, and these in words."""
        ...

    def losses(self, outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """The loss of each example, `[B]`."""
        ...

    def measures(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Sums over a batch, of one shape for every batch."""
        ...

    def metrics(self, sums: Tensor) -> dict[str, float]:
        """Of sums over a split, by the names of `bsnc.ir.METRICS`; the main one is first."""
        ...


@dataclass(frozen=True)
class Classification:
    """Outputs `[B, classes]`, logits; targets `[B]`, class numbers, or `[B, classes]`, probabilities."""

    target: ClassVar[Target] = "class"

    def expects(self, targets: Tensor, classes: int) -> tuple[Shape, str]:  # noqa: ARG002
        return (classes,), counted(classes, "class", "classes")

    def losses(self, outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy in nats."""
        return functional.cross_entropy(outputs, _labels(targets), reduction="none", label_smoothing=smoothing)

    def measures(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """`[2]` (int64): how many are right, and of how many. Of a mixed target the likelier class counts."""
        classes = targets.argmax(1) if targets.is_floating_point() else targets
        right = (outputs.argmax(1) == classes).sum()
        return torch.stack([right, torch.full_like(right, len(targets))])

    def metrics(self, sums: Tensor) -> dict[str, float]:
        """The share that is right."""
        right, count = sums.tolist()
        return {"accuracy": right / max(1, count)}


@dataclass(frozen=True)
class Segmentation:
    """Outputs `[B, classes, H, W]`, logits; targets `[B, H, W]`, class numbers, of which `ignore` does not count."""

    ignore: int | None = None
    target: ClassVar[Target] = "mask"

    def expects(self, targets: Tensor, classes: int) -> tuple[Shape, str]:
        height, width = targets.shape[1:]
        return (classes, height, width), f"masks of {height}×{width} pixels of {counted(classes, 'class', 'classes')}"

    def losses(self, outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """The mean cross-entropy in nats over the pixels of an example that count, 0 where none does."""
        ignored, labels = _NOT_COUNTED if self.ignore is None else self.ignore, targets.long()
        pixels = functional.cross_entropy(
            outputs, labels, reduction="none", label_smoothing=smoothing, ignore_index=ignored
        )
        return pixels.sum((1, 2)) / (labels != ignored).sum((1, 2)).clamp_min(1)

    def measures(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The confusion matrix `[classes, classes]` (int64): pixels that count, by true and by predicted class."""
        classes, labels = outputs.shape[1], targets.long()
        pairs = labels * classes + outputs.argmax(1)
        if self.ignore is not None:
            pairs = pairs[labels != self.ignore]
        return torch.bincount(pairs.flatten(), minlength=classes**2).reshape(classes, classes)

    def metrics(self, sums: Tensor) -> dict[str, float]:
        """Mean IoU and pixel accuracy (Long et al., CVPR 2015, section 5) of one confusion matrix n for the split:
        the mean over classes i of nᵢᵢ / (Σⱼ nᵢⱼ + Σⱼ nⱼᵢ − nᵢᵢ), and Σᵢ nᵢᵢ / Σᵢⱼ nᵢⱼ. Classes that are neither in a
        mask nor predicted are left out of the mean, and so is `ignore`; both are 0 where no pixel counts."""
        matrix = sums.double()
        right, union = matrix.diag(), matrix.sum(0) + matrix.sum(1) - matrix.diag()
        present = union > 0
        if self.ignore is not None and self.ignore < len(matrix):
            present[self.ignore] = False
        ratios = right[present] / union[present]
        return {
            "mean_iou": float(ratios.mean()) if len(ratios) else 0.0,
            "pixel_accuracy": float(right.sum() / matrix.sum().clamp_min(1)),
        }


@dataclass(frozen=True)
class Regression:
    """Targets `[B, D]`, values in units of their own; outputs `[B, D]`, values in deviations `std` from `mean`.

    The network learns standardised values, so that one learning rate suits all units: a value is
    output · std + mean, with D means and deviations of the training targets, which the model's metadata give.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    target: ClassVar[Target] = "value"

    @classmethod
    def of(cls, targets: Tensor) -> Regression:
        """By the training targets `[N, D]`; the deviation of values that are all alike is 1."""
        wide = targets.double()
        mean, std = wide.mean(0), wide.std(0, correction=0)
        std = torch.where(std**2 > _CONSTANT * (wide**2).mean(0), std, torch.ones_like(std))
        return cls(tuple(mean.tolist()), tuple(std.tolist()))

    def expects(self, targets: Tensor, classes: int) -> tuple[Shape, str]:  # noqa: ARG002
        shape = tuple(targets.shape[1:])
        return shape, f"{counted(targets.shape[1], 'value')} an example"

    def losses(self, outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:  # noqa: ARG002
        """The mean squared error of an example's standardised values; there are no labels to smooth."""
        mean, std = self._scale(outputs)
        return ((outputs - (targets - mean) / std) ** 2).mean(1)

    def measures(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """`[5, D]` (float64): how many, the sums of e², |e|, d and d², for errors e of the values and their distances d
        from the training mean."""
        mean, std = self._scale(outputs.new_empty(0, dtype=torch.float64))
        distances = targets.double() - mean
        errors = outputs.double() * std - distances
        rows = torch.stack([torch.ones_like(errors), errors**2, errors.abs(), distances, distances**2])
        return rows.sum(1)

    def metrics(self, sums: Tensor) -> dict[str, float]:
        """Root mean squared and mean absolute error over all values, in their unit, and the coefficient of
        determination, 1 − Σe² / Σ(y − ȳ)² with the mean ȳ of the split, averaged over the D values. Of values that are
        all alike R² is 1 where every one is met and else 0, as in scikit-learn's `r2_score`."""
        count, squares, absolutes, distances, distances2 = sums
        total = count.sum().clamp_min(1)
        spread = distances2 - distances**2 / count.clamp_min(1)
        varies = spread > _CONSTANT * distances2
        r2 = torch.where(varies, 1 - squares / torch.where(varies, spread, 1), (squares == 0).double())
        return {
            "rmse": float((squares.sum() / total).sqrt()),
            "mae": float(absolutes.sum() / total),
            "r2": float(r2.mean()),
        }

    def _scale(self, like: Tensor) -> tuple[Tensor, Tensor]:
        return like.new_tensor(self.mean), like.new_tensor(self.std)


def task_of(config: DataConfig, train: Split) -> Task:
    """What section `data` asks of a network, by its training split."""
    if config.target == "mask":
        return Segmentation(config.ignore)
    return Regression.of(train.targets) if config.target == "value" else Classification()


def _labels(targets: Tensor) -> Tensor:
    return targets if targets.is_floating_point() else targets.long()
