"""Inputs of operators that say how they work and are not their data."""

from __future__ import annotations

from collections.abc import Iterable

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


def only_settings(nodes: Iterable[onnx.NodeProto], statistics: bool) -> set[str]:
    """Names of values that operators read, and only to know how to work; running statistics are such where `statistics`
    says so, and weights otherwise."""
    told: set[str] = set()
    data: set[str] = set()
    for node in nodes:
        for place, name in enumerate(node.input):
            is_data = not is_setting(node, place) or (not statistics and node.op_type == "BatchNormalization")
            (data if is_data else told).add(name)
    return told - data


def is_setting(node: onnx.NodeProto, place: int) -> bool:
    """Whether input number `place` of an operator is one."""
    return place in _SETTINGS.get(node.op_type, ())
