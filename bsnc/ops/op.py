"""What an op is. Torch-free: an op names its torch class, `lower` imports it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Shape = tuple[int, ...]
"""Shape of one example, without the batch dimension: `(channels, height, width)`, `(features,)`."""

Scalar = int | float | bool
Arguments = Mapping[str, Scalar]


class ShapeError(ValueError):
    """An op cannot be applied to an input of this shape. The message completes "`op` …"."""


@dataclass(frozen=True)
class OpParameter:
    """A typed parameter; without a default it is required. `minimum` is inclusive."""

    name: str
    type: Literal["int", "float", "bool"]
    default: Scalar | None = None
    minimum: float | None = None

    @property
    def required(self) -> bool:
        return self.default is None


@dataclass(frozen=True)
class TorchCall:
    """A class as `package.module:Class` and its keyword arguments."""

    target: str
    arguments: Mapping[str, Scalar | Shape | str]


def _same_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    return shape


def _zero(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    return 0


@dataclass(frozen=True)
class Op:
    """One op: everything that the compiler knows about it. Adding an op means adding one of these.

    `output_shape(arguments, input shape)` raises ShapeError. `multiply_adds` and `parameter_count` take
    (arguments, input shape, output shape) and count for one example; normalisation, activation, pooling,
    upsampling and additions count as 0 multiply-adds.
    """

    name: str
    family: str
    summary: str
    torch: Callable[[Arguments, Shape], TorchCall]
    parameters: tuple[OpParameter, ...] = ()
    output_shape: Callable[[Arguments, Shape], Shape] = _same_shape
    multiply_adds: Callable[[Arguments, Shape, Shape], int] = _zero
    parameter_count: Callable[[Arguments, Shape, Shape], int] = _zero
    unit_steps: int = 1
    activation: bool = False
    """Elementwise and without parameters: may stand in a node's pipeline."""
    changes_resolution: bool = False
    """Repeats values onto a finer grid; `flops(count = veniat2018)` charges the op after it at the coarse grid."""


def numel(shape: Shape) -> int:
    """Number of elements of one example."""
    total = 1
    for size in shape:
        total *= size
    return total


def spatial(shape: Shape, what: str) -> Shape:
    """The spatial sizes of `(channels, length)` or `(channels, height, width)`. Raises ShapeError."""
    if len(shape) not in (2, 3):
        raise ShapeError(f"{what} [channels, height, width] or [channels, length]")
    return shape[1:]
