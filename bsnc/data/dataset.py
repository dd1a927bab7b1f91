"""Examples as tensors: the test split is never trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Inputs `[N, C, …]`, images with values in [0, 1], and class labels `[N]` (int64)."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, rows: Tensor | slice) -> Split:
        return Split(self.inputs[rows], self.targets[rows])


@dataclass(frozen=True)
class Dataset:
    """Two disjoint splits, and the mean and deviation `[C]` of each channel of the training inputs."""

    train: Split
    test: Split
    class_names: tuple[str, ...]
    mean: Tensor
    std: Tensor

    def normalise(self, inputs: Tensor) -> Tensor:
        """Inputs as they are read → what the network takes."""
        shape = (-1, *(1,) * (inputs.ndim - 2))
        return (inputs - self.mean.view(shape)) / self.std.view(shape)

    def test_batches(self, size: int = 256) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised test inputs and targets, in order."""
        for start in range(0, len(self.test), size):
            batch = self.test[start : start + size]
            yield self.normalise(batch.inputs), batch.targets
