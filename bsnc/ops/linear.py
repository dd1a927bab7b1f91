"""Fully connected layers."""

from __future__ import annotations

from bsnc.ops.op import Op, TorchCall
from bsnc.ops.parameter import Arguments, OpParameter, integer
from bsnc.ops.shapes import Shape, ShapeError


def _shape(arguments: Arguments, shape: Shape) -> Shape:
    if len(shape) != 1:
        raise ShapeError("takes a vector: put `flatten` before it")
    return (integer(arguments, "features"),)


def _multiply_adds(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    return source[0] * target[0]


def _parameters(arguments: Arguments, source: Shape, target: Shape) -> int:
    return source[0] * target[0] + (target[0] if arguments["bias"] else 0)


def _torch(arguments: Arguments, shape: Shape) -> TorchCall:
    features = {"in_features": shape[0], "out_features": integer(arguments, "features")}
    return TorchCall("torch.nn:Linear", {**features, "bias": bool(arguments["bias"])})


OPS = (
    Op(
        name="linear",
        family="multiplying",
        summary="Fully connected layer on a vector.",
        parameters=(
            OpParameter("features", "int", minimum=1),
            OpParameter("bias", "bool", default=True),
        ),
        output_shape=_shape,
        multiply_adds=_multiply_adds,
        parameter_count=_parameters,
        takes_scale=True,
        input_dimension=lambda arguments: 1,  # noqa: ARG005
        torch=_torch,
    ),
)
