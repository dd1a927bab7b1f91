"""Augmentation of a batch on its device, each example on its own, from one generator on the CPU. Images are
`[B, C, H, W]` in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bsnc.data.dataset import as_float
from bsnc.data.examples import Split, sent
from bsnc.data.task import Segmentation, Task
from bsnc.ir import Augmentation, Crop, Cutout, Flip, Jitter

_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def augment(batch: Split, steps: Sequence[Augmentation], task: Task, classes: int, generator: torch.Generator) -> Split:
    """Apply the steps in order; uint8 becomes float32 in [0, 1]. Masks follow where the geometry changes; classes that
    are mixed become probabilities `[B, classes]`."""
    for step in steps:
        batch = _apply(Split(as_float(batch.inputs), batch.targets), step, task, classes, generator)
    return batch


def _apply(batch: Split, step: Augmentation, task: Task, classes: int, generator: torch.Generator) -> Split:
    images, targets = batch.inputs, batch.targets
    if isinstance(step, Cutout):
        return Split(cutout(images, step.size, generator), targets)
    if isinstance(step, Jitter):
        return Split(jitter(images, step, generator), targets)
    if isinstance(step, Crop | Flip):
        return _move(batch, step, task, generator)
    share = torch.from_numpy(_seeded(generator).beta(step.alpha, step.alpha, len(images)))
    share = sent(share.to(images.dtype), images.device)
    partners = sent(torch.randperm(len(images), generator=generator), images.device)
    return mixup(batch, share, partners, classes)


def _move(batch: Split, step: Crop | Flip, task: Task, generator: torch.Generator) -> Split:
    """Images, and masks alike."""
    if isinstance(step, Flip):
        mirrored = sent(torch.rand(len(batch), generator=generator) < 0.5, batch.inputs.device)
        return _together(batch, task, lambda images, _: flip(images, mirrored))
    places = sent(torch.randint(0, 2 * step.padding + 1, (2, len(batch)), generator=generator), batch.inputs.device)
    return _together(batch, task, lambda images, fill: crop(images, step.padding, places, fill))


def _together(batch: Split, task: Task, change: Callable[[Tensor, int | None], Tensor]) -> Split:
    """A change of geometry, of images and a value to fill up with: black, and the label that does not count in masks;
    without such a label it is None for both, so that no pixel gets a label that is not its own."""
    if not isinstance(task, Segmentation):
        return Split(change(batch.inputs, 0), batch.targets)
    images = change(batch.inputs, None if task.ignore is None else 0)
    return Split(images, change(batch.targets.long()[:, None], task.ignore)[:, 0])


def crop(images: Tensor, padding: int, places: Tensor, fill: int | None = 0) -> Tensor:
    """Pad on every side with `fill`, or with the nearest pixel for None; then cut out the original size, per example at
    the top and left of `places` `[2, B]`, from 0 to 2 · padding."""
    batch, channels, height, width = images.shape
    down, right = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    rows = places[0][:, None, None, None] + down[:, None] - padding
    columns = places[1][:, None, None, None] + right - padding
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    example = torch.arange(batch, device=images.device)[:, None, None, None]
    cut = images[example, torch.arange(channels, device=images.device)[:, None, None], rows, columns]
    return cut if fill is None else cut.masked_fill(~inside, fill)


def flip(images: Tensor, mirrored: Tensor) -> Tensor:
    """Mirror left to right those of which `mirrored` `[B]` says so."""
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


def cutout(images: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Blacken the part within the image of a square of `size` × `size` pixels, whose centre is drawn from all pixels of
    an example (DeVries & Taylor, 2017)."""
    batch, _, height, width = images.shape
    centres = torch.stack([torch.randint(0, most, (batch,), generator=generator) for most in (height, width)])
    top, left = sent(centres, images.device) - size // 2
    rows, columns = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    in_rows = (rows >= top[:, None]) & (rows < top[:, None] + size)
    in_columns = (columns >= left[:, None]) & (columns < left[:, None] + size)
    inside = in_rows[:, None, :, None] & in_columns[:, None, None, :]
    return images.masked_fill(inside, 0)


def jitter(images: Tensor, amounts: Jitter, generator: torch.Generator) -> Tensor:
    """For each example factors b, c, s, drawn evenly from 1 − a to 1 + a, and in this order, each followed by clamping
    to [0, 1]: x ← b·x; x ← c·x + (1 − c)·m, with the mean m of its grey pixels; x ← s·x + (1 − s)·g, with its grey g.
    Grey is 0.299·R + 0.587·G + 0.114·B of three channels, else the mean of the channels."""
    drawn = torch.rand(3, len(images), 1, 1, 1, generator=generator, dtype=images.dtype)
    factors = 2 * sent(drawn, images.device) - 1
    if amounts.brightness:
        images = ((1 + amounts.brightness * factors[0]) * images).clamp(0, 1)
    if amounts.contrast:
        images = _blend(images, _grey(images).mean((1, 2, 3), keepdim=True), 1 + amounts.contrast * factors[1])
    if amounts.saturation:
        images = _blend(images, _grey(images), 1 + amounts.saturation * factors[2])
    return images


def _grey(images: Tensor) -> Tensor:
    """`[B, C, H, W]` → `[B, 1, H, W]`."""
    if images.shape[1] != len(_LUMA):
        return images.mean(1, keepdim=True)
    return (images * images.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def _blend(images: Tensor, others: Tensor, factor: Tensor) -> Tensor:
    return (factor * images + (1 - factor) * others).clamp(0, 1)


def mixup(batch: Split, share: Tensor, partners: Tensor, classes: int) -> Split:
    """Of each example the `share` λ `[B]` and 1 − λ of its partner, whose row `partners` `[B]` gives: inputs of any
    shape, and their classes as probabilities `[B, classes]` (Zhang et al., 2018)."""
    inputs, targets = batch.inputs, batch.targets
    if not targets.is_floating_point():
        targets = functional.one_hot(targets.long(), classes).to(share.dtype)
    of_inputs, of_targets = share.view(-1, *(1,) * (inputs.ndim - 1)), share[:, None]
    return Split(
        of_inputs * inputs + (1 - of_inputs) * inputs[partners],
        of_targets * targets + (1 - of_targets) * targets[partners],
    )


def _seeded(generator: torch.Generator) -> np.random.Generator:
    """torch draws from no Beta distribution by a generator of one's own; NumPy does."""
    return np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
