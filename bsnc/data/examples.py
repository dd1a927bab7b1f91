"""Examples: inputs and what to predict."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import torch
from torch import Tensor

from bsnc.ops import Shape


def sent(values: Tensor, device: torch.device) -> Tensor:
    """Values of the host on their way to a device: what that is still to do is not waited for."""
    from_host = device.type == "cuda" and values.device.type == "cpu"
    return (values.pin_memory() if from_host else values).to(device, non_blocking=from_host)


class Split:
    """Inputs `[N, C, …]`, images as uint8 or with values in [0, 1], other numbers as float32; and what to predict:
    classes `[N]`, masks `[N, H, W]` (integers) or values `[N, D]` (float32).

    With `rows` it is these of the examples, in their order, which are looked up when they are asked for: they may lie
    in a file that is larger than memory. A batch is a split of its own.
    """

    def __init__(self, inputs: Tensor, targets: Tensor, rows: Tensor | None = None) -> None:
        self._inputs, self._targets, self.rows = inputs, targets, rows

    @property
    def inputs(self) -> Tensor:
        """All of them at once."""
        return self._inputs if self.rows is None else self._inputs[self.rows]

    @property
    def targets(self) -> Tensor:
        """All of them at once."""
        return self._targets if self.rows is None else self._targets[self.rows]

    @property
    def shape(self) -> Shape:
        """Of one input."""
        return tuple(self._inputs.shape[1:])

    @property
    def target_shape(self) -> Shape:
        """Of what is to be predicted of one example."""
        return tuple(self._targets.shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        """Of inputs."""
        return self._inputs.dtype

    @property
    def device(self) -> torch.device:
        return self._inputs.device

    @property
    def nbytes(self) -> int:
        """Of inputs and targets."""
        pairs = ((self._inputs, self.shape), (self._targets, self.target_shape))
        return len(self) * sum(values.element_size() * prod(shape) for values, shape in pairs)

    def __len__(self) -> int:
        return len(self._targets if self.rows is None else self.rows)

    def __getitem__(self, chosen: Tensor | slice) -> Split:
        """A batch, in memory."""
        rows = chosen if self.rows is None else self.rows[chosen]
        if isinstance(rows, Tensor):
            rows = sent(rows, self.device)
        return Split(self._inputs[rows], self._targets[rows])

    def subset(self, rows: Tensor) -> Split:
        """These of the examples, int64 `[M]`; nothing is copied."""
        return Split(self._inputs, self._targets, rows if self.rows is None else self.rows[rows])

    def parts(self, size: int) -> Iterator[Split]:
        """All examples, at most so many at a time."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def to(self, device: torch.device) -> Split:
        """The same examples there; itself where they are there."""
        if device == self.device:
            return self
        return Split(self.inputs.to(device, non_blocking=True), self.targets.to(device, non_blocking=True))
