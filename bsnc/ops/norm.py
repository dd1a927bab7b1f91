"""Normalisation: (x − mean) / √(variance + eps) · scale + shift, the scale and shift learned."""

from __future__ import annotations

from math import prod

from bsnc.ops.op import Op, TorchCall
from bsnc.ops.parameter import Arguments, OpParameter, Scalar, integer
from bsnc.ops.shapes import Shape, ShapeError, divide_channels, numel, spatial

_EPS = OpParameter("eps", "float", default=1e-5, minimum=1e-12, maximum=0.1)


def _eps(arguments: Arguments) -> dict[str, Scalar]:
    return {"eps": float(arguments["eps"])}  # pyright: ignore[reportArgumentType]


def _per_channel(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    """Scale and shift per channel; running statistics are not trained."""
    return 2 * source[0]


def _per_element(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    """Scale and shift per element of an example."""
    return 2 * numel(source)


def _with_statistics(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    """Scale, shift, mean and variance per channel."""
    return 4 * source[0]


def _with_neutral_scale(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    """Scale and shift per channel; in ONNX behind an instance norm of the groups with a scale of 1, a shift of 0."""
    return 2 * source[0] + 2 * integer(arguments, "groups")


def _several(values: int, of: str) -> None:
    """Raises ShapeError where the statistics are those of a single value: it would always become 0."""
    if values < 2:
        raise ShapeError(f"needs more than one value in {of}")


def _batch_norm_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    if len(shape) not in (1, 2, 3):
        raise ShapeError("normalises vectors, [channels, length] and [channels, height, width]")
    return shape


def _batch_norm_torch(arguments: Arguments, shape: Shape) -> TorchCall:
    momentum = float(arguments["momentum"])  # pyright: ignore[reportArgumentType]
    dimensions = 2 if len(shape) == 3 else 1
    given = {"num_features": shape[0], "momentum": momentum, **_eps(arguments)}
    return TorchCall(f"torch.nn:BatchNorm{dimensions}d", given)


def _layer_norm_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    _several(numel(shape), "an example")
    return shape


def _layer_norm_torch(arguments: Arguments, shape: Shape) -> TorchCall:
    return TorchCall("torch.nn:LayerNorm", {"normalized_shape": shape, **_eps(arguments)})


def _group_norm_shape(arguments: Arguments, shape: Shape) -> Shape:
    if not shape:
        raise ShapeError("needs at least one dimension")
    _several(divide_channels(shape[0], integer(arguments, "groups")) * prod(shape[1:]), "a group")
    return shape


def _group_norm_torch(arguments: Arguments, shape: Shape) -> TorchCall:
    given = {"num_groups": integer(arguments, "groups"), "num_channels": shape[0], **_eps(arguments)}
    return TorchCall("torch.nn:GroupNorm", given)


def _instance_norm_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    _several(prod(spatial(shape, "normalises tensors of shape")), "a channel")
    return shape


def _instance_norm_torch(arguments: Arguments, shape: Shape) -> TorchCall:
    given = {"num_features": shape[0], "affine": True, **_eps(arguments)}
    return TorchCall(f"torch.nn:InstanceNorm{len(shape) - 1}d", given)


OPS = (
    Op(
        name="batch_norm",
        family="normalisation",
        summary="Batch normalisation per channel (Ioffe & Szegedy, 2015). In training its statistics are those of "
        "the examples in which the edge is live; folded into the convolution before it when exported.",
        parameters=(OpParameter("momentum", "float", default=0.1, minimum=0, maximum=1), _EPS),
        output_shape=_batch_norm_shape,
        parameter_count=_per_channel,
        stored_count=_with_statistics,
        result="in place",
        torch=_batch_norm_torch,
    ),
    Op(
        name="layer_norm",
        family="normalisation",
        summary="Normalisation over the whole example, with a scale and a shift for each element (Ba et al., 2016).",
        parameters=(_EPS,),
        output_shape=_layer_norm_shape,
        parameter_count=_per_element,
        result="in place",
        torch=_layer_norm_torch,
    ),
    Op(
        name="group_norm",
        family="normalisation",
        summary="Normalisation over groups of neighbouring channels (Wu & He, 2018).",
        parameters=(OpParameter("groups", "int", minimum=1), _EPS),
        output_shape=_group_norm_shape,
        parameter_count=_per_channel,
        stored_count=_with_neutral_scale,
        result="in place",
        torch=_group_norm_torch,
    ),
    Op(
        name="instance_norm",
        family="normalisation",
        summary="Normalisation over each channel of an example, with a scale and a shift (Ulyanov et al., 2016).",
        parameters=(_EPS,),
        output_shape=_instance_norm_shape,
        parameter_count=_per_channel,
        result="in place",
        torch=_instance_norm_torch,
    ),
)
