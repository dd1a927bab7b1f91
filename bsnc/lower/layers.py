"""Layers that torch.nn does not have."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d}
_GATES: dict[str, type[nn.Module]] = {"sigmoid": nn.Sigmoid, "hard_sigmoid": nn.Hardsigmoid}


class SqueezeExcite(nn.Module):
    """x · gate(expand(relu(squeeze(mean of x over positions)))) for x `[B, C, …]` (Hu et al., CVPR 2018).

    `squeeze` and `expand` are convolutions with kernel 1, with bias, over `rank` spatial dimensions of size 1.
    """

    def __init__(self, channels: int, squeezed: int, rank: int, gate: str) -> None:
        super().__init__()
        convolution = _CONVOLUTIONS[rank]
        self.squeeze = convolution(channels, squeezed, 1)
        self.expand = convolution(squeezed, channels, 1)
        self.gate = _GATES[gate]()
        self.positions = tuple(range(2, 2 + rank))

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(self.positions, keepdim=True)
        return x * self.gate(self.expand(torch.relu(self.squeeze(mean))))


class LinearUpsample(nn.Module):
    """Linear interpolation of `[B, C, L]` onto `scale_factor` · L positions, as `nn.Upsample(mode="linear")`.

    Done as a bilinear one over a height of 1, which becomes a single operator in ONNX.
    """

    def __init__(self, scale_factor: float) -> None:
        super().__init__()
        self.scale_factor = scale_factor

    def forward(self, x: Tensor) -> Tensor:
        scale = (1.0, self.scale_factor)
        return functional.interpolate(x.unsqueeze(2), scale_factor=scale, mode="bilinear").squeeze(2)

    def extra_repr(self) -> str:
        return f"scale_factor={self.scale_factor}"
