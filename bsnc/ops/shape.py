"""Changes of shape, and of the order of channels: nothing here multiplies or learns."""

from __future__ import annotations

from bsnc.ops.op import Op, TorchCall
from bsnc.ops.parameter import Arguments, OpParameter, integer
from bsnc.ops.shapes import Shape, ShapeError, divide_channels, numel, spatial

_FACTOR = OpParameter("factor", "int", minimum=1)
_INTERPOLATED = {"linear": 1, "bilinear": 2}
"""Spatial dimensions over which a mode interpolates."""


def _upsample_shape(arguments: Arguments, shape: Shape) -> Shape:
    factor = integer(arguments, "factor")
    grid = spatial(shape, "enlarges tensors of shape")
    mode = str(arguments["mode"])
    if _INTERPOLATED.get(mode, len(grid)) != len(grid):
        fitting = next(name for name, rank in _INTERPOLATED.items() if rank == len(grid))
        raise ShapeError(f"interpolates this input by `mode = {fitting}`, not `{mode}`")
    return (shape[0], *(size * factor for size in grid))


def _upsample_torch(arguments: Arguments, shape: Shape) -> TorchCall:  # noqa: ARG001
    factor = float(integer(arguments, "factor"))
    if arguments["mode"] == "linear":
        return TorchCall("bsnc.lower.layers:LinearUpsample", {"scale_factor": factor})
    return TorchCall("torch.nn:Upsample", {"scale_factor": factor, "mode": arguments["mode"]})


def _flatten_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    if not shape:
        raise ShapeError("needs at least one dimension")
    return (numel(shape),)


def _channel_shuffle_shape(arguments: Arguments, shape: Shape) -> Shape:
    spatial(shape, "shuffles the channels of tensors of shape")
    divide_channels(shape[0], integer(arguments, "groups"))
    return shape


def _pixel_shuffle_shape(arguments: Arguments, shape: Shape) -> Shape:
    factor = integer(arguments, "factor")
    if len(shape) != 3:
        raise ShapeError("enlarges tensors of shape [channels, height, width]")
    if shape[0] % factor**2:
        raise ShapeError(f"needs channels divisible by factor² = {factor**2}")
    return (shape[0] // factor**2, shape[1] * factor, shape[2] * factor)


OPS = (
    Op(
        name="upsample",
        family="shape",
        summary="Enlargement by an integer factor: nearest neighbours, or interpolation, `linear` along a length and "
        "`bilinear` over height and width.",
        parameters=(
            _FACTOR,
            OpParameter("mode", "choice", default="nearest", choices=("nearest", "linear", "bilinear")),
        ),
        output_shape=_upsample_shape,
        torch=_upsample_torch,
        changes_resolution=True,
        keeps_zero_channels=True,
    ),
    Op(
        name="pixel_shuffle",
        family="shape",
        summary="Channels to positions: [C · factor², H, W] into [C, H · factor, W · factor] (Shi et al., 2016).",
        parameters=(_FACTOR,),
        output_shape=_pixel_shuffle_shape,
        torch=lambda arguments, shape: TorchCall(  # noqa: ARG005
            "torch.nn:PixelShuffle", {"upscale_factor": integer(arguments, "factor")}
        ),
    ),
    Op(
        name="channel_shuffle",
        family="shape",
        summary="Channels of `groups` groups interleaved, so that what follows mixes them (Zhang et al., 2018).",
        parameters=(OpParameter("groups", "int", minimum=1),),
        output_shape=_channel_shuffle_shape,
        torch=lambda arguments, shape: TorchCall(  # noqa: ARG005
            "torch.nn:ChannelShuffle", {"groups": integer(arguments, "groups")}
        ),
    ),
    Op(
        name="flatten",
        family="shape",
        summary="All dimensions of an example into one vector.",
        output_shape=_flatten_shape,
        result="view",
        torch=lambda arguments, shape: TorchCall("torch.nn:Flatten", {}),  # noqa: ARG005
    ),
    Op(
        name="identity",
        family="shape",
        summary="The input, unchanged. Free, and not a step.",
        torch=lambda arguments, shape: TorchCall("torch.nn:Identity", {}),  # noqa: ARG005
        result="view",
        unit_steps=0,
        keeps_zero_channels=True,
    ),
)
