"""Examples as tensors: only the training split is trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bsnc.data.examples import Split
from bsnc.data.tally import Tally
from bsnc.data.task import Classification, Task
from bsnc.diagnostics import Diagnostic


@dataclass(frozen=True)
class Dataset:
    """Disjoint splits, the mean and deviation `[C]` of each channel of the training inputs, of uint8 in units of
    [0, 1], and what is asked of a network. A search judges on `validation`, where there is one. `warnings` are what was
    suspect in the source."""

    train: Split
    test: Split
    class_names: tuple[str, ...]
    mean: Tensor
    std: Tensor
    validation: Split | None = None
    task: Task = field(default=Classification(), kw_only=True)
    warnings: tuple[Diagnostic, ...] = field(default=(), kw_only=True)

    @property
    def sizes(self) -> dict[str, int]:
        """Examples of each split, 0 where there is none."""
        return {
            "train": len(self.train),
            "validation": 0 if self.validation is None else len(self.validation),
            "test": len(self.test),
        }

    def normalise(self, inputs: Tensor) -> Tensor:
        """Inputs as they are read → what the network takes. Images lie in memory as is best for convolutions, channels
        last; what follows keeps to it."""
        inputs = as_float(inputs)
        shape = (-1, *(1,) * (inputs.ndim - 2))
        normal = (inputs - self.mean.view(shape)) / self.std.view(shape)
        return normal.contiguous(memory_format=torch.channels_last) if normal.ndim == 4 else normal

    def batches(self, split: Split, size: int = 256) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised inputs and targets of a split, in order, where the statistics are."""
        for part in split.parts(size):
            batch = part.to(self.mean.device)
            yield self.normalise(batch.inputs), batch.targets

    def tally(self, network: Callable[[Tensor], Tensor], split: Split) -> Tally:
        """Sums over a split, of a network as it is. Gradients are not followed."""
        tally = Tally()
        with torch.no_grad():
            for inputs, targets in self.batches(split):
                outputs = network(inputs)
                tally.add(self.task, self.task.losses(outputs, targets), outputs, targets)
        return tally


def as_float(inputs: Tensor) -> Tensor:
    """uint8 → float32 in [0, 1]; others as they are."""
    return inputs.float() / 255 if inputs.dtype == torch.uint8 else inputs
