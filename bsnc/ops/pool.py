"""Pooling, upsampling and changes of shape: nothing here multiplies or learns."""

from __future__ import annotations

from bsnc.ops.op import Arguments, Op, OpParameter, Shape, ShapeError, TorchCall, numel, spatial

_WINDOW = (
    OpParameter("kernel", "int", minimum=1),
    OpParameter("stride", "int", default=1, minimum=1),
)


def _window_padding(arguments: Arguments) -> int:
    """Odd windows are centred; even ones, used with a stride, tile the input."""
    kernel = int(arguments["kernel"])
    return kernel // 2 if kernel % 2 else 0


def _window_shape(arguments: Arguments, shape: Shape) -> Shape:
    kernel, stride, padding = int(arguments["kernel"]), int(arguments["stride"]), _window_padding(arguments)
    sizes = spatial(shape, "pools tensors of shape")
    if any(size + 2 * padding < kernel for size in sizes):
        raise ShapeError(f"has a window of {kernel}, larger than its padded input")
    return (shape[0], *((size + 2 * padding - kernel) // stride + 1 for size in sizes))


def _window_torch(kind: str, arguments: Arguments, shape: Shape) -> TorchCall:
    sizes = {"kernel_size": int(arguments["kernel"]), "stride": int(arguments["stride"])}
    extra = {"count_include_pad": False} if kind == "Avg" else {}
    padding = _window_padding(arguments)
    return TorchCall(f"torch.nn:{kind}Pool{len(shape) - 1}d", {**sizes, "padding": padding, **extra})


def _global_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    return (shape[0], *(1 for _ in spatial(shape, "pools tensors of shape")))


def _global_torch(arguments: Arguments, shape: Shape) -> TorchCall:  # noqa: ARG001
    return TorchCall(f"torch.nn:AdaptiveAvgPool{len(shape) - 1}d", {"output_size": 1})


def _upsample_shape(arguments: Arguments, shape: Shape) -> Shape:
    factor = int(arguments["factor"])
    return (shape[0], *(size * factor for size in spatial(shape, "enlarges tensors of shape")))


def _upsample_torch(arguments: Arguments, shape: Shape) -> TorchCall:  # noqa: ARG001
    return TorchCall("torch.nn:Upsample", {"scale_factor": float(arguments["factor"]), "mode": "nearest"})


def _flatten_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    if not shape:
        raise ShapeError("needs at least one dimension")
    return (numel(shape),)


OPS = (
    Op(
        name="avg_pool",
        family="pooling",
        summary="Mean over windows; odd kernels are centred, the padding is left out of the mean.",
        parameters=_WINDOW,
        output_shape=_window_shape,
        torch=lambda arguments, shape: _window_torch("Avg", arguments, shape),
    ),
    Op(
        name="max_pool",
        family="pooling",
        summary="Maximum over windows; odd kernels are centred.",
        parameters=_WINDOW,
        output_shape=_window_shape,
        torch=lambda arguments, shape: _window_torch("Max", arguments, shape),
    ),
    Op(
        name="global_avg_pool",
        family="pooling",
        summary="Mean over all positions: every spatial size becomes 1.",
        output_shape=_global_shape,
        torch=_global_torch,
    ),
    Op(
        name="upsample",
        family="shape",
        summary="Nearest-neighbour enlargement by an integer factor.",
        parameters=(OpParameter("factor", "int", minimum=1),),
        output_shape=_upsample_shape,
        torch=_upsample_torch,
        changes_resolution=True,
    ),
    Op(
        name="flatten",
        family="shape",
        summary="All dimensions of an example into one vector.",
        output_shape=_flatten_shape,
        torch=lambda arguments, shape: TorchCall("torch.nn:Flatten", {}),  # noqa: ARG005
    ),
    Op(
        name="identity",
        family="shape",
        summary="The input, unchanged. Free, and not a step.",
        torch=lambda arguments, shape: TorchCall("torch.nn:Identity", {}),  # noqa: ARG005
        unit_steps=0,
    ),
)
