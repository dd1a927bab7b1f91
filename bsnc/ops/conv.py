"""Convolutions over one or two spatial dimensions, by the rank of their input."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from bsnc.ops.op import Op, TorchCall, macro
from bsnc.ops.parameter import Arguments, OpParameter, integer, size_parameter, sizes
from bsnc.ops.shapes import Shape, ShapeError, divide_channels, spatial

_CHANNELS = OpParameter("channels", "int", minimum=1)
_KERNEL = size_parameter("kernel")
_STRIDE = size_parameter("stride", 1)
_DILATION = size_parameter("dilation", 1)
_GROUPS = OpParameter("groups", "int", default=1, minimum=1)
_BIAS = OpParameter("bias", "bool", default=True)
_PADDING = OpParameter("padding", "choice", default="half", choices=("half", "valid"))


@dataclass(frozen=True)
class _Geometry:
    """Kernel, stride, dilation and padding, for each spatial dimension."""

    kernel: Shape
    stride: Shape
    dilation: Shape
    padding: Shape

    @classmethod
    def of(cls, arguments: Arguments, rank: int) -> _Geometry:
        kernel, stride = sizes(arguments, "kernel", rank), sizes(arguments, "stride", rank)
        dilation = sizes(arguments, "dilation", rank)
        half = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
        return cls(kernel, stride, dilation, half if arguments["padding"] == "half" else (0,) * rank)

    def output(self, size: int, i: int) -> int:
        """⌊(size + 2 · padding − reach) / stride⌋ + 1 along dimension i, for reach = dilation · (kernel − 1) + 1."""
        reach = self.dilation[i] * (self.kernel[i] - 1) + 1
        padded = size + 2 * self.padding[i]
        if padded < reach:
            raise ShapeError(f"has a window of {reach}, larger than its padded input")
        return (padded - reach) // self.stride[i] + 1


def _conv_shape(arguments: Arguments, shape: Shape) -> Shape:
    channels, groups = integer(arguments, "channels"), integer(arguments, "groups")
    grid = spatial(shape, "convolves tensors of shape")
    for count in (shape[0], channels):
        divide_channels(count, groups, "input and output channels")
    geometry = _Geometry.of(arguments, len(grid))
    return (channels, *(geometry.output(size, i) for i, size in enumerate(grid)))


def _conv_weights(arguments: Arguments, source: Shape) -> int:
    """Cin / groups · Cout · Πk; the same for a transposed convolution."""
    kernel = sizes(arguments, "kernel", len(source) - 1)
    return source[0] * integer(arguments, "channels") // integer(arguments, "groups") * prod(kernel)


def _conv_multiply_adds(arguments: Arguments, source: Shape, target: Shape) -> int:
    """Cin / groups · Cout · Πk · ΠHout; the bias is free."""
    return _conv_weights(arguments, source) * prod(target[1:])


def _conv_parameters(arguments: Arguments, source: Shape, target: Shape) -> int:
    return _conv_weights(arguments, source) + (target[0] if arguments["bias"] else 0)


def _conv_inputs(arguments: Arguments) -> int | None:
    return 1 if arguments["groups"] == 1 else None


def _transposed_inputs(arguments: Arguments) -> int | None:
    return 0 if arguments["groups"] == 1 else None


def _layer(arguments: Arguments, shape: Shape) -> dict[str, int | bool]:
    """What torch's constructors of both kinds of convolution take."""
    return {
        "in_channels": shape[0],
        "out_channels": integer(arguments, "channels"),
        "groups": integer(arguments, "groups"),
        "bias": bool(arguments["bias"]),
    }


def _conv_torch(arguments: Arguments, shape: Shape) -> TorchCall:
    rank = len(shape) - 1
    geometry = _Geometry.of(arguments, rank)
    return TorchCall(
        f"torch.nn:Conv{rank}d",
        {
            **_layer(arguments, shape),
            "kernel_size": geometry.kernel,
            "stride": geometry.stride,
            "padding": geometry.padding,
            "dilation": geometry.dilation,
        },
    )


def _depthwise(arguments: Arguments, shape: Shape) -> Arguments:
    """The arguments of the grouped convolution that a depthwise one is."""
    spatial(shape, "convolves tensors of shape")
    return {**arguments, "channels": shape[0] * integer(arguments, "multiplier"), "groups": shape[0]}


def _transposed_padding(arguments: Arguments, rank: int) -> tuple[Shape, Shape]:
    """Padding p and output padding o with stride · size = (size − 1) · stride − 2p + kernel + o: the least o for
    which 2p = kernel − stride + o. Raises ShapeError where there is none."""
    kernel, stride = sizes(arguments, "kernel", rank), sizes(arguments, "stride", rank)
    if any(k < s for k, s in zip(kernel, stride, strict=True)):
        raise ShapeError("needs a kernel of at least its stride, or it leaves gaps")
    if any(s == 1 and k % 2 == 0 for k, s in zip(kernel, stride, strict=True)):
        raise ShapeError("needs an odd kernel where its stride is 1, to keep the size")
    output = tuple((k - s) % 2 for k, s in zip(kernel, stride, strict=True))
    return tuple((k - s + o) // 2 for k, s, o in zip(kernel, stride, output, strict=True)), output


def _transposed_shape(arguments: Arguments, shape: Shape) -> Shape:
    channels, groups = integer(arguments, "channels"), integer(arguments, "groups")
    grid = spatial(shape, "convolves tensors of shape")
    for count in (shape[0], channels):
        divide_channels(count, groups, "input and output channels")
    _transposed_padding(arguments, len(grid))
    stride = sizes(arguments, "stride", len(grid))
    return (channels, *(size * s for size, s in zip(grid, stride, strict=True)))


def _transposed_multiply_adds(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    """Cin · Cout / groups · Πk · ΠHin; the bias is free."""
    return _conv_weights(arguments, source) * prod(source[1:])


def _transposed_torch(arguments: Arguments, shape: Shape) -> TorchCall:
    rank = len(shape) - 1
    padding, output_padding = _transposed_padding(arguments, rank)
    return TorchCall(
        f"torch.nn:ConvTranspose{rank}d",
        {
            **_layer(arguments, shape),
            "kernel_size": sizes(arguments, "kernel", rank),
            "stride": sizes(arguments, "stride", rank),
            "padding": padding,
            "output_padding": output_padding,
        },
    )


def _separable(arguments: Arguments) -> tuple[tuple[str, Arguments], ...]:
    depthwise = {name: arguments[name] for name in ("kernel", "stride", "dilation", "bias")}
    pointwise = {"channels": arguments["channels"], "kernel": 1, "bias": arguments["bias"]}
    return ("depthwise_conv", depthwise), ("conv", pointwise)


OPS = (
    Op(
        name="conv",
        family="multiplying",
        summary="Convolution over one or two spatial dimensions. `padding = half` pads with zeros by half the kernel, "
        "so that an odd kernel with stride 1 keeps the size; `padding = valid` pads nothing.",
        parameters=(_CHANNELS, _KERNEL, _STRIDE, _GROUPS, _DILATION, _BIAS, _PADDING),
        output_shape=_conv_shape,
        multiply_adds=_conv_multiply_adds,
        parameter_count=_conv_parameters,
        takes_scale=True,
        input_dimension=_conv_inputs,
        torch=_conv_torch,
    ),
    Op(
        name="depthwise_conv",
        family="multiplying",
        summary="Convolution of each channel by itself, into `multiplier` channels: a `conv` with as many groups as "
        "input channels.",
        parameters=(
            _KERNEL,
            _STRIDE,
            _DILATION,
            OpParameter("multiplier", "int", default=1, minimum=1),
            _BIAS,
            _PADDING,
        ),
        output_shape=lambda given, shape: _conv_shape(_depthwise(given, shape), shape),
        multiply_adds=lambda given, source, target: _conv_multiply_adds(_depthwise(given, source), source, target),
        parameter_count=lambda given, source, target: _conv_parameters(_depthwise(given, source), source, target),
        takes_scale=True,
        torch=lambda given, shape: _conv_torch(_depthwise(given, shape), shape),
    ),
    macro(
        name="separable_conv",
        family="multiplying",
        summary="Depthwise separable convolution (Chollet, 2017): another way to write "
        "`depthwise_conv(kernel, stride, dilation) | conv(channels, 1)`.",
        parameters=(_CHANNELS, _KERNEL, _STRIDE, _DILATION, _BIAS),
        stands_for=_separable,
    ),
    Op(
        name="conv_transpose",
        family="multiplying",
        summary="Transposed convolution: every size becomes exactly `stride` times as large. Needs a kernel of at "
        "least the stride, and an odd one where the stride is 1.",
        parameters=(_CHANNELS, _KERNEL, _STRIDE, _GROUPS, _BIAS),
        output_shape=_transposed_shape,
        multiply_adds=_transposed_multiply_adds,
        parameter_count=_conv_parameters,
        takes_scale=True,
        input_dimension=_transposed_inputs,
        torch=_transposed_torch,
    ),
)
