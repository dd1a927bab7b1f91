"""Every op in uses that differ: what the laws about single ops are checked on."""

from __future__ import annotations

from typing import Any

from bsnc.ir import Graph, OpCall
from bsnc.ops import OPS

from .build import FIXED, call, network

IMAGE, SIGNAL, VECTOR = (4, 6, 8), (4, 6), (4,)
Use = tuple[str, tuple[int, ...], dict[str, Any]]

_ELEMENTWISE: list[Use] = [(op.name, shape, {}) for op in OPS.values() if op.activation for shape in (IMAGE, VECTOR)]
_CONV: list[Use] = [
    ("conv", IMAGE, {"channels": 6, "kernel": 3}),
    ("conv", IMAGE, {"channels": 6, "kernel": [1, 7], "stride": [2, 1], "groups": 2, "bias": False}),
    ("conv", IMAGE, {"channels": 6, "kernel": 3, "dilation": [1, 2], "padding": "valid"}),
    ("conv", SIGNAL, {"channels": 3, "kernel": [4], "stride": 2, "padding": "valid"}),
    ("conv", (1, 1, 1), {"channels": 1, "kernel": 1}),
    ("depthwise_conv", IMAGE, {"kernel": 3, "stride": 2}),
    ("depthwise_conv", IMAGE, {"kernel": [3, 1], "multiplier": 2, "bias": False}),
    ("depthwise_conv", SIGNAL, {"kernel": 3, "dilation": 2, "padding": "valid"}),
    ("conv_transpose", IMAGE, {"channels": 6, "kernel": 3, "stride": 2, "groups": 2}),
    ("conv_transpose", IMAGE, {"channels": 6, "kernel": [4, 3], "stride": [2, 1], "bias": False}),
    ("conv_transpose", SIGNAL, {"channels": 6, "kernel": 5, "stride": 3, "groups": 2}),
    ("conv_transpose", SIGNAL, {"channels": 2, "kernel": 2, "stride": 2}),
]
_OTHER: list[Use] = [
    ("linear", VECTOR, {"features": 3}),
    ("linear", VECTOR, {"features": 1, "bias": False}),
    ("squeeze_excite", IMAGE, {}),
    ("squeeze_excite", (8, 5), {"reduction": 2, "gate": "hard_sigmoid"}),
    ("squeeze_excite", (2, 3, 3), {"reduction": 16}),
    ("batch_norm", IMAGE, {}),
    ("batch_norm", SIGNAL, {"eps": 0.1}),
    ("batch_norm", VECTOR, {}),
    ("batch_norm", (1, 3), {}),
    ("layer_norm", IMAGE, {}),
    ("layer_norm", SIGNAL, {"eps": 0.1}),
    ("layer_norm", VECTOR, {}),
    ("group_norm", IMAGE, {"groups": 2}),
    ("group_norm", SIGNAL, {"groups": 4, "eps": 0.1}),
    ("group_norm", VECTOR, {"groups": 1}),
    ("group_norm", (1, 3), {"groups": 1}),
    ("instance_norm", IMAGE, {}),
    ("instance_norm", SIGNAL, {"eps": 0.1}),
    ("prelu", IMAGE, {}),
    ("prelu", SIGNAL, {}),
    ("prelu", VECTOR, {}),
    ("prelu", (1, 3), {}),
    ("leaky_relu", SIGNAL, {"negative_slope": 0.3}),
    ("elu", SIGNAL, {"alpha": 0.5}),
    ("softmax", IMAGE, {}),
    ("softmax", VECTOR, {}),
    ("dropout", IMAGE, {"p": 0.2}),
    ("dropout", VECTOR, {}),
    ("avg_pool", IMAGE, {"kernel": 3}),
    ("avg_pool", IMAGE, {"kernel": [1, 2], "stride": [1, 2]}),
    ("avg_pool", SIGNAL, {"kernel": [3], "stride": 2}),
    ("max_pool", IMAGE, {"kernel": [3, 2], "stride": 2}),
    ("max_pool", SIGNAL, {"kernel": 3}),
    ("global_avg_pool", IMAGE, {}),
    ("global_avg_pool", SIGNAL, {}),
    ("global_max_pool", IMAGE, {}),
    ("global_max_pool", SIGNAL, {}),
    ("adaptive_avg_pool", IMAGE, {"size": 2}),
    ("adaptive_avg_pool", IMAGE, {"size": [3, 1]}),
    ("adaptive_avg_pool", SIGNAL, {"size": 3}),
    ("adaptive_max_pool", IMAGE, {"size": [1, 4]}),
    ("adaptive_max_pool", SIGNAL, {"size": [2]}),
    ("upsample", IMAGE, {"factor": 2}),
    ("upsample", SIGNAL, {"factor": 3}),
    ("upsample", IMAGE, {"factor": 3, "mode": "bilinear"}),
    ("upsample", SIGNAL, {"factor": 2, "mode": "linear"}),
    ("pixel_shuffle", IMAGE, {"factor": 2}),
    ("channel_shuffle", IMAGE, {"groups": 2}),
    ("channel_shuffle", SIGNAL, {"groups": 2}),
    ("flatten", IMAGE, {}),
    ("flatten", VECTOR, {}),
    ("identity", SIGNAL, {}),
]
USES: list[Use] = [*_ELEMENTWISE, *_CONV, *_OTHER]


def use_name(use: Use) -> str:
    """How a use is called in a report: `conv-4x6x8-channels=6,kernel=3`."""
    op, shape, given = use
    return "-".join([op, "x".join(map(str, shape)), ",".join(f"{k}={v}" for k, v in given.items())])


def call_of(use: Use) -> OpCall:
    op, shape, given = use
    return call(op, shape, **{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})


def graph_of(use: Use) -> Graph:
    """A network whose output is the op, and the op followed by a batch norm where one can follow."""
    op, shape, given = use
    step = (op, {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})
    return network(shape, {"y": []}, [("x", "y", [step], FIXED), ("x", "y", [step, "batch_norm"])])
