"""Modules of a user's own, for the specs beside."""

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """Self-attention over positions of [channels, length]."""

    def __init__(self, channels: int, heads: int = 1) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Conv1d(channels, 3 * channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, length = x.shape
        q, k, v = self.qkv(x).reshape(batch, 3, self.heads, channels // self.heads, length).unbind(1)
        weights = torch.softmax(q.transpose(-1, -2) @ k, dim=-1)
        return (v @ weights.transpose(-1, -2)).reshape(batch, channels, length)


class Broken(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("nothing works\nat all")


class NoTensor(nn.Module):
    def forward(self, x: Tensor) -> list[Tensor]:
        return [x]


def number(size: int = 3) -> int:
    return size
