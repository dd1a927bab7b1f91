"""Convolutions and linear layers: the ops that multiply."""

from __future__ import annotations

from bsnc.ops.op import Arguments, Op, OpParameter, Shape, ShapeError, TorchCall, numel, spatial


def _kernel_geometry(arguments: Arguments) -> tuple[int, int, int, int]:
    kernel, stride = int(arguments["kernel"]), int(arguments["stride"])
    dilation = int(arguments["dilation"])
    return kernel, stride, dilation, dilation * (kernel - 1) // 2


def _conv_shape(arguments: Arguments, shape: Shape) -> Shape:
    kernel, stride, dilation, padding = _kernel_geometry(arguments)
    channels, groups = int(arguments["channels"]), int(arguments["groups"])
    sizes = spatial(shape, "convolves tensors of shape")
    if shape[0] % groups or channels % groups:
        raise ShapeError(f"needs input and output channels divisible by groups = {groups}")
    reach = dilation * (kernel - 1) + 1
    if any(size + 2 * padding < reach for size in sizes):
        raise ShapeError(f"has a window of {reach}, larger than its padded input")
    return (channels, *((size + 2 * padding - reach) // stride + 1 for size in sizes))


def _conv_weights(arguments: Arguments, source: Shape) -> int:
    kernel, rank = int(arguments["kernel"]), len(source) - 1
    return source[0] // int(arguments["groups"]) * int(arguments["channels"]) * kernel**rank


def _conv_multiply_adds(arguments: Arguments, source: Shape, target: Shape) -> int:
    """Cin / groups · Cout · k² · Hout · Wout; the bias is free."""
    return _conv_weights(arguments, source) * numel(target[1:])


def _conv_parameters(arguments: Arguments, source: Shape, target: Shape) -> int:
    return _conv_weights(arguments, source) + (target[0] if arguments["bias"] else 0)


def _conv_torch(arguments: Arguments, shape: Shape) -> TorchCall:
    kernel, stride, dilation, padding = _kernel_geometry(arguments)
    return TorchCall(
        f"torch.nn:Conv{len(shape) - 1}d",
        {
            "in_channels": shape[0],
            "out_channels": int(arguments["channels"]),
            "kernel_size": kernel,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": int(arguments["groups"]),
            "bias": bool(arguments["bias"]),
        },
    )


def _linear_shape(arguments: Arguments, shape: Shape) -> Shape:
    if len(shape) != 1:
        raise ShapeError("takes a vector: put `flatten` before it")
    return (int(arguments["features"]),)


def _linear_multiply_adds(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    return source[0] * target[0]


def _linear_parameters(arguments: Arguments, source: Shape, target: Shape) -> int:
    return source[0] * target[0] + (target[0] if arguments["bias"] else 0)


def _linear_torch(arguments: Arguments, shape: Shape) -> TorchCall:
    sizes = {"in_features": shape[0], "out_features": int(arguments["features"])}
    return TorchCall("torch.nn:Linear", {**sizes, "bias": bool(arguments["bias"])})


OPS = (
    Op(
        name="conv",
        family="multiplying",
        summary="Convolution over one or two spatial dimensions, zero-padded by half the kernel, so that an odd "
        "kernel with stride 1 keeps the size.",
        parameters=(
            OpParameter("channels", "int", minimum=1),
            OpParameter("kernel", "int", minimum=1),
            OpParameter("stride", "int", default=1, minimum=1),
            OpParameter("groups", "int", default=1, minimum=1),
            OpParameter("dilation", "int", default=1, minimum=1),
            OpParameter("bias", "bool", default=True),
        ),
        output_shape=_conv_shape,
        multiply_adds=_conv_multiply_adds,
        parameter_count=_conv_parameters,
        torch=_conv_torch,
    ),
    Op(
        name="linear",
        family="multiplying",
        summary="Fully connected layer on a vector.",
        parameters=(
            OpParameter("features", "int", minimum=1),
            OpParameter("bias", "bool", default=True),
        ),
        output_shape=_linear_shape,
        multiply_adds=_linear_multiply_adds,
        parameter_count=_linear_parameters,
        torch=_linear_torch,
    ),
)
