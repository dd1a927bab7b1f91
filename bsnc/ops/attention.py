"""Attention over channels."""

from __future__ import annotations

from bsnc.ops.op import Op, TorchCall
from bsnc.ops.parameter import Arguments, OpParameter, integer
from bsnc.ops.shapes import Shape, spatial


def _squeezed(arguments: Arguments, shape: Shape) -> int:
    """R = max(1, ⌊C / reduction⌋)."""
    return max(1, shape[0] // integer(arguments, "reduction"))


def _shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    spatial(shape, "weights the channels of tensors of shape")
    return shape


def _multiply_adds(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    """2 · C · R: the two layers; scaling the channels is free."""
    return 2 * source[0] * _squeezed(arguments, source)


def _parameters(arguments: Arguments, source: Shape, target: Shape) -> int:
    """The weights and R + C biases."""
    return _multiply_adds(arguments, source, target) + _squeezed(arguments, source) + source[0]


def _torch(arguments: Arguments, shape: Shape) -> TorchCall:
    widths = {"channels": shape[0], "squeezed": _squeezed(arguments, shape), "rank": len(shape) - 1}
    return TorchCall("bsnc.lower.layers:SqueezeExcite", {**widths, "gate": arguments["gate"]})


OPS = (
    Op(
        name="squeeze_excite",
        family="attention",
        summary="Channels scaled by gates that two layers, with relu between, compute from their means (Hu et al., "
        "2018). `gate = hard_sigmoid` is that of MobileNetV3 (Howard et al., 2019).",
        parameters=(
            OpParameter("reduction", "int", default=4, minimum=1),
            OpParameter("gate", "choice", default="sigmoid", choices=("sigmoid", "hard_sigmoid")),
        ),
        output_shape=_shape,
        multiply_adds=_multiply_adds,
        parameter_count=_parameters,
        result="in place",
        torch=_torch,
    ),
)
