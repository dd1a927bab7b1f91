"""What an op is. Torch-free: an op names its torch class, `lower` imports it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn

from bsnc.ops.parameter import Arguments, OpParameter, Scalar
from bsnc.ops.shapes import Shape


@dataclass(frozen=True)
class TorchCall:
    """A class as `package.module:Class` and its keyword arguments."""

    target: str
    arguments: Mapping[str, Scalar]


def same_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    return shape


def _zero(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    return 0


def _no_dimension(arguments: Arguments) -> int | None:  # noqa: ARG001
    return None


Expansion = Callable[[Arguments], tuple[tuple[str, Arguments], ...]]
"""The arguments of a macro → the ops of a chain with those of their arguments that differ from the defaults."""


@dataclass(frozen=True)
class Op:
    """One op: everything that the compiler knows about it. Adding an op means adding one of these.

    `output_shape(arguments, input shape)` raises ShapeError. `multiply_adds` and `parameter_count` take
    (arguments, input shape, output shape) and count for one example; normalisation, activation, pooling,
    upsampling, scaling and additions count as 0 multiply-adds.
    """

    name: str
    family: str
    summary: str
    torch: Callable[[Arguments, Shape], TorchCall]
    parameters: tuple[OpParameter, ...] = ()
    output_shape: Callable[[Arguments, Shape], Shape] = same_shape
    multiply_adds: Callable[[Arguments, Shape, Shape], int] = _zero
    parameter_count: Callable[[Arguments, Shape, Shape], int] = _zero
    stored_count: Callable[[Arguments, Shape, Shape], int] | None = None
    """Numbers that inference needs, where they are not the parameters alone: (arguments, input, output shape)."""
    takes_scale: bool = False
    """A batch norm right after it can be folded into its weights."""
    result: Literal["new", "in place", "view"] = "new"
    """Where its result lies at inference: in memory of its own, over its input, or in its input as it is."""
    unit_steps: int = 1
    activation: bool = False
    """Elementwise and without parameters: may stand in a node's pipeline."""
    changes_resolution: bool = False
    """Brings values onto a finer grid; `flops(count = veniat2018)` charges the op after it at the coarse grid."""
    keeps_zero_channels: bool = False
    """Each channel of the output depends on the same channel of the input alone and is zero where that is zero."""
    input_dimension: Callable[[Arguments], int | None] = _no_dimension
    """Of an op that mixes all its input channels: the dimension of its `weight` along which they lie."""
    stands_for: Expansion | None = None
    """A macro is replaced by this chain where a spec uses it: no graph ever holds it."""


def stored(op: Op, arguments: Arguments, source: Shape, target: Shape) -> int:
    """How many numbers an op keeps for inference, no batch norm folded."""
    return (op.stored_count or op.parameter_count)(arguments, source, target)


def macro(name: str, family: str, summary: str, parameters: tuple[OpParameter, ...], stands_for: Expansion) -> Op:
    """An op that is but another name for a chain of ops."""

    def never(*_: object) -> NoReturn:
        raise AssertionError(f"{name} is expanded where it is bound")

    return Op(
        name=name,
        family=family,
        summary=summary,
        parameters=parameters,
        torch=never,
        output_shape=never,
        multiply_adds=never,
        parameter_count=never,
        stands_for=stands_for,
    )
