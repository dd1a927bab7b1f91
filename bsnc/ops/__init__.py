"""The registry of ops. Torch-free; docs/ops.md is made from it."""

from bsnc.ops import activation, conv, norm, pool
from bsnc.ops.op import Arguments, Op, OpParameter, Scalar, Shape, ShapeError, TorchCall, numel

OPS: dict[str, Op] = {op.name: op for op in (*conv.OPS, *norm.OPS, *activation.OPS, *pool.OPS)}
"""Every op by name."""

__all__ = [
    "OPS",
    "Arguments",
    "Op",
    "OpParameter",
    "Scalar",
    "Shape",
    "ShapeError",
    "TorchCall",
    "numel",
]
