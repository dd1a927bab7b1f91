"""Normalisation."""

from __future__ import annotations

from bsnc.ops.op import Arguments, Op, OpParameter, Shape, ShapeError, TorchCall


def _batch_norm_shape(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    if len(shape) not in (1, 2, 3):
        raise ShapeError("normalises vectors, [channels, length] and [channels, height, width]")
    return shape


def _batch_norm_parameters(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    """Scale and shift per channel; running statistics are not trained."""
    return 2 * source[0]


def _batch_norm_torch(arguments: Arguments, shape: Shape) -> TorchCall:
    options = {"momentum": float(arguments["momentum"]), "eps": float(arguments["eps"])}
    dimensions = 2 if len(shape) == 3 else 1
    return TorchCall(f"torch.nn:BatchNorm{dimensions}d", {"num_features": shape[0], **options})


OPS = (
    Op(
        name="batch_norm",
        family="normalisation",
        summary="Batch normalisation per channel (Ioffe & Szegedy, 2015). In training its statistics are those of "
        "the examples in which the edge is live; folded into the convolution before it when exported.",
        parameters=(
            OpParameter("momentum", "float", default=0.1, minimum=0),
            OpParameter("eps", "float", default=1e-5, minimum=1e-12),
        ),
        output_shape=_batch_norm_shape,
        parameter_count=_batch_norm_parameters,
        torch=_batch_norm_torch,
    ),
)
