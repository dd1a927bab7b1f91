"""Inputs of operators that say how they work and are not their data."""

from __future__ import annotations

import onnx

_SETTINGS = {
    "BatchNormalization": (3, 4),
    "Pad": (1, 2, 3),
    "ReduceMax": (1,),
    "ReduceMean": (1,),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "Slice": (1, 2, 3, 4),
    "Squeeze": (1,),
    "Unsqueeze": (1,),
}
"""Axes, shapes, scales, running statistics."""


def is_setting(node: onnx.NodeProto, place: int) -> bool:
    """Whether input number `place` of an operator is one."""
    return place in _SETTINGS.get(node.op_type, ())
