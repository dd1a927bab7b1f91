"""Examples as tensors: the test split is never trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bsnc.data.task import Classification, Task


@dataclass(frozen=True)
class Split:
    """Inputs `[N, C, …]`, images as uint8 or with values in [0, 1], and what to predict: classes `[N]`, masks
    `[N, H, W]` (integers) or values `[N, D]` (float32)."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, rows: Tensor | slice) -> Split:
        return Split(self.inputs[rows], self.targets[rows])


@dataclass(frozen=True)
class Dataset:
    """Two disjoint splits, the mean and deviation `[C]` of each channel of the training inputs, of uint8 in units of
    [0, 1], and what is asked of a network."""

    train: Split
    test: Split
    class_names: tuple[str, ...]
    mean: Tensor
    std: Tensor
    task: Task = field(default=Classification(), kw_only=True)

    def normalise(self, inputs: Tensor) -> Tensor:
        """Inputs as they are read → what the network takes."""
        inputs = as_float(inputs)
        shape = (-1, *(1,) * (inputs.ndim - 2))
        return (inputs - self.mean.view(shape)) / self.std.view(shape)

    def test_batches(self, size: int = 256) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised test inputs and targets, in order."""
        for start in range(0, len(self.test), size):
            batch = self.test[start : start + size]
            yield self.normalise(batch.inputs), batch.targets


def as_float(inputs: Tensor) -> Tensor:
    """uint8 → float32 in [0, 1]; others as they are."""
    return inputs.float() / 255 if inputs.dtype == torch.uint8 else inputs
