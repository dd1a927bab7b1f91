"""Pooling over windows, over all positions, and onto grids of a given size: nothing here multiplies or learns."""

from __future__ import annotations

from typing import Literal

from bsnc.ops.op import Op, TorchCall
from bsnc.ops.parameter import Arguments, size_parameter, sizes
from bsnc.ops.shapes import Shape, ShapeError, spatial

_Kind = Literal["Avg", "Max"]
_POOLS = "pools tensors of shape"


def _window(arguments: Arguments, rank: int) -> tuple[Shape, Shape, Shape]:
    """Kernel, stride and padding. Odd windows are centred; even ones, used with a stride, tile the input."""
    kernel = sizes(arguments, "kernel", rank)
    return kernel, sizes(arguments, "stride", rank), tuple(k // 2 if k % 2 else 0 for k in kernel)


def _window_shape(arguments: Arguments, shape: Shape) -> Shape:
    grid = spatial(shape, _POOLS)
    pooled: list[int] = []
    for size, kernel, stride, padding in zip(grid, *_window(arguments, len(grid)), strict=True):
        if size + 2 * padding < kernel:
            raise ShapeError(f"has a window of {kernel}, larger than its padded input")
        pooled.append((size + 2 * padding - kernel) // stride + 1)
    return (shape[0], *pooled)


def _global_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    return (shape[0], *(1 for _ in spatial(shape, _POOLS)))


def _adaptive_shape(arguments: Arguments, shape: Shape) -> Shape:
    """Only grids of equal cells: torch's exporter to ONNX writes no other maximum, and a mean only as a gather."""
    grid = spatial(shape, _POOLS)
    wanted = sizes(arguments, "size", len(grid))
    for size, parts in zip(grid, wanted, strict=True):
        if size % parts:
            raise ShapeError(f"needs sizes that `size` divides, as ONNX has windows of one size; {parts} is no divisor")
    return (shape[0], *wanted)


def _window_pool(kind: _Kind, summary: str) -> Op:
    def torch(arguments: Arguments, shape: Shape) -> TorchCall:
        rank = len(shape) - 1
        kernel, stride, padding = _window(arguments, rank)
        extra = {"count_include_pad": False} if kind == "Avg" else {}
        window = {"kernel_size": kernel, "stride": stride, "padding": padding}
        return TorchCall(f"torch.nn:{kind}Pool{rank}d", {**window, **extra})

    return Op(
        name=f"{kind.lower()}_pool",
        family="pooling",
        summary=summary,
        parameters=(size_parameter("kernel"), size_parameter("stride", 1)),
        output_shape=_window_shape,
        torch=torch,
        keeps_zero_channels=True,
    )


def _global_pool(kind: _Kind, summary: str) -> Op:
    return Op(
        name=f"global_{kind.lower()}_pool",
        family="pooling",
        summary=summary,
        output_shape=_global_shape,
        torch=lambda arguments, shape: TorchCall(  # noqa: ARG005
            f"torch.nn:Adaptive{kind}Pool{len(shape) - 1}d", {"output_size": 1}
        ),
        keeps_zero_channels=True,
    )


def _adaptive_pool(kind: _Kind, summary: str) -> Op:
    def torch(arguments: Arguments, shape: Shape) -> TorchCall:
        rank = len(shape) - 1
        return TorchCall(f"torch.nn:Adaptive{kind}Pool{rank}d", {"output_size": sizes(arguments, "size", rank)})

    return Op(
        name=f"adaptive_{kind.lower()}_pool",
        family="pooling",
        summary=summary,
        parameters=(size_parameter("size"),),
        output_shape=_adaptive_shape,
        torch=torch,
        keeps_zero_channels=True,
    )


OPS = (
    _window_pool("Avg", "Mean over windows; odd kernels are centred, the padding is left out of the mean."),
    _window_pool("Max", "Maximum over windows; odd kernels are centred."),
    _global_pool("Avg", "Mean over all positions: every spatial size becomes 1."),
    _global_pool("Max", "Maximum over all positions: every spatial size becomes 1."),
    _adaptive_pool("Avg", "Means over a grid of `size` equal cells, which must tile the input."),
    _adaptive_pool("Max", "Maxima over a grid of `size` equal cells, which must tile the input."),
)
