"""Which augmentations suit which inputs and targets: a rule of the section alone, so that checking a spec can tell."""

from __future__ import annotations

from bsnc.ir.config import Augmentation, Cutout, Jitter, Mixup, Target
from bsnc.ir.listing import shape_text
from bsnc.ops import Shape


def misfit(step: Augmentation, shape: Shape, target: Target) -> str | None:
    """Why an augmentation does not suit inputs of a shape or a target, in words; None where it does."""
    if isinstance(step, Mixup):
        return None if target == "class" else f"`mixup` mixes classes, but `target = {target}`"
    if len(shape) != 3:
        return f"`{step.kind}` changes images [channels, height, width], but the input is {shape_text(shape)}"
    if isinstance(step, Jitter) and step.saturation > 0 and shape[0] != 3:
        return f"`saturation` of `jitter` needs red, green and blue, but the input is {shape_text(shape)}"
    return _wipes_out(step, shape)


def _wipes_out(step: Augmentation, shape: Shape) -> str | None:
    """Of a square that covers every image, wherever its centre is."""
    sides = f"images of {shape[1]}×{shape[2]} pixels"
    if isinstance(step, Cutout) and step.size >= 2 * max(shape[1:]) - 1:
        return f"`cutout({step.size})` leaves nothing of {sides}"
    return None
