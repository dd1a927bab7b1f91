"""A module of one's own, which `photos.bsn` names as `extern "photo_modules:SpatialGate"`."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SpatialGate(nn.Module):
    """Scales each position by a weight that a convolution finds from the mean and the maximum over the channels there
    (Woo et al., CBAM, 2018)."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(2, 1, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * self.look(seen).sigmoid()
