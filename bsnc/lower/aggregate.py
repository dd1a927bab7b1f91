"""What nodes do with what arrives, two tensors at a time, as modules: so that every operator has a name."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Add(nn.Module):
    """The sum of two tensors."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return one + other


class Divide(nn.Module):
    """A tensor divided by the number of tensors whose sum it is."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, total: Tensor) -> Tensor:
        return total / self.count

    def extra_repr(self) -> str:
        return str(self.count)


class Maximum(nn.Module):
    """The elementwise maximum of two tensors."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return torch.maximum(one, other)


class Pad(nn.Module):
    """Zeros put before and after the channels of a tensor `[B, C, …]` of examples of `rank` dimensions."""

    def __init__(self, rank: int, before: int, after: int) -> None:
        super().__init__()
        self.sizes = [0, 0] * (rank - 1) + [before, after]

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.sizes)

    def extra_repr(self) -> str:
        return str(self.sizes)


class Concat(nn.Module):
    """Tensors joined along their channels."""

    def forward(self, *parts: Tensor) -> Tensor:
        return torch.cat(list[Tensor](parts), dim=1)
