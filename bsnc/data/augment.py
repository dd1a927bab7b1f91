"""Augmentation of a batch of images `[B, C, H, W]` in [0, 1], each example on its own, from one generator."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from bsnc.ir import Crop, Flip


def augment(images: Tensor, steps: Sequence[Crop | Flip], generator: torch.Generator) -> Tensor:
    """Apply the steps in order."""
    for step in steps:
        images = crop(images, step.padding, generator) if isinstance(step, Crop) else flip(images, generator)
    return images


def crop(images: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Pad with black on every side, then cut out the original size at a random place per example."""
    batch, _, height, width = images.shape
    padded = functional.pad(images, (padding,) * 4)
    top, left = torch.randint(0, 2 * padding + 1, (2, batch, 1), generator=generator)
    rows = (top + torch.arange(height))[:, None, :, None]
    columns = (left + torch.arange(width))[:, None, None, :]
    examples = torch.arange(batch)[:, None, None, None]
    channels = torch.arange(images.shape[1])[None, :, None, None]
    return padded[examples, channels, rows, columns]


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror left to right with probability 1/2 per example."""
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)
