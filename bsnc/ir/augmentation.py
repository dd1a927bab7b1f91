"""Which augmentations suit which inputs and targets: a rule of the section alone, so that checking a spec can tell."""

from __future__ import annotations

from bsnc.ir.config import Augmentation, Jitter, Mixup, Target
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
    return None
