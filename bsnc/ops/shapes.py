"""Shapes of examples."""

from __future__ import annotations

from math import prod

Shape = tuple[int, ...]
"""Shape of one example, without the batch dimension: `(channels, height, width)`, `(features,)`."""


class ShapeError(ValueError):
    """An op cannot be applied to an input of this shape. The message completes "`op` …"."""


def numel(shape: Shape) -> int:
    """Number of elements of one example."""
    return prod(shape)


def spatial(shape: Shape, what: str) -> Shape:
    """The spatial sizes of `(channels, length)` or `(channels, height, width)`. Raises ShapeError."""
    if len(shape) not in (2, 3):
        raise ShapeError(f"{what} [channels, height, width] or [channels, length]")
    return shape[1:]


def divide_channels(channels: int, groups: int, what: str = "channels") -> int:
    """Channels of a group. Raises ShapeError."""
    if channels % groups:
        raise ShapeError(f"needs {what} divisible by groups = {groups}")
    return channels // groups
