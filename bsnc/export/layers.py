"""The layers of an ONNX file: its operators that have weights, and what each executes and stores."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import onnx
from onnx import numpy_helper

from bsnc.export.model_graph import ModelGraph, attribute, uncountable
from bsnc.export.operator_names import op_of

_FREE = frozenset(
    [
        "Abs",
        "Add",
        "AveragePool",
        "BatchNormalization",
        "Cast",
        "Clip",
        "Concat",
        "Constant",
        "DepthToSpace",
        "Div",
        "Elu",
        "Erf",
        "Flatten",
        "Gather",
        "Gelu",
        "GlobalAveragePool",
        "Greater",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "InstanceNormalization",
        "LayerNormalization",
        "LeakyRelu",
        "Max",
        "MaxPool",
        "Mish",
        "Mul",
        "PRelu",
        "Pad",
        "ReduceMax",
        "ReduceMean",
        "Relu",
        "Reshape",
        "Resize",
        "Selu",
        "Shape",
        "Sigmoid",
        "Slice",
        "Softmax",
        "Softplus",
        "Squeeze",
        "Sub",
        "Sum",
        "Swish",
        "Tanh",
        "Transpose",
        "Unsqueeze",
        "Where",
    ]
)
"""Operators that count no multiply-adds. Whatever is neither here nor in `_MULTIPLYING` is refused."""
_MULTIPLYING = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
_WEIGHTS: dict[str, tuple[int, ...]] = {
    "Add": (1,),
    "BatchNormalization": (1, 2),
    "Conv": (1, 2),
    "ConvTranspose": (1, 2),
    "Gemm": (1, 2),
    "InstanceNormalization": (1, 2),
    "LayerNormalization": (1, 2),
    "MatMul": (1,),
    "Mul": (1,),
    "PRelu": (1,),
}
"""The inputs that weights may arrive at. Those of Mul and Add are the scale and shift of a group norm."""
_RESHAPING = frozenset({"Reshape", "Unsqueeze"})
"""What may stand between a weight and its operator."""


@dataclass(frozen=True)
class Layer:
    """An operator with weights: what it executes, its weights by name, and its name in the lowered network. `op` is
    that which the name of the operator itself tells, None where it tells none.

    `low_resolution` is what it would execute at the size before the upsampling that feeds it; None where none does.
    A `neutral` one scales by 1 and shifts by 0: the exporter writes group norms as an instance norm that is neutral,
    and the scale and shift after it.
    """

    name: str
    op: str | None
    multiply_adds: int
    low_resolution: int | None
    weights: tuple[str, ...]
    neutral: bool = False


def find_layers(file: ModelGraph) -> list[Layer]:
    """Every operator that has weights, with its counts. Raises Diagnosed (BSN516) for what cannot be counted."""
    layers: list[Layer] = []
    for node in file.graph.node:
        if node.domain not in ("", "ai.onnx") or node.op_type not in _FREE | _MULTIPLYING:
            raise uncountable(f"operator {node.domain or 'ai.onnx'}.{node.op_type} is none that bsnc writes")
        weights = _weights(node, file)
        if node.op_type in _MULTIPLYING:
            layers.append(_multiplying_layer(node, file, weights))
        elif weights:
            layers.append(Layer(_layer_name(weights[0]), op_of(node), 0, None, weights, _is_neutral(node, file)))
    return layers


def _weights(node: onnx.NodeProto, file: ModelGraph) -> tuple[str, ...]:
    """Tensors of the file, scalars aside, that arrive at the places for weights, reshaped or not."""
    places = [i for i in _WEIGHTS.get(node.op_type, ()) if i < len(node.input)]
    roots = [_root(node.input[i], file) for i in places]
    return tuple(root for root in roots if root in file.tensors and file.tensors[root].dims)


def _root(name: str, file: ModelGraph) -> str:
    node = file.producers.get(name)
    while node is not None and node.op_type in _RESHAPING:
        name = node.input[0]
        node = file.producers.get(name)
    return name


def _is_neutral(node: onnx.NodeProto, file: ModelGraph) -> bool:
    if node.op_type != "InstanceNormalization" or not set(node.input[1:]) <= file.tensors.keys():
        return False
    scale, shift = (numpy_helper.to_array(file.tensors[name]) for name in node.input[1:])
    return bool((scale == 1).all() and (shift == 0).all())


def _multiplying_layer(node: onnx.NodeProto, file: ModelGraph, weights: tuple[str, ...]) -> Layer:
    weight, output = file.shape(node.input[1]), file.shape(node.output[0])
    name = _layer_name(weights[0] if weights else node.input[1])
    op, source = op_of(node), file.shape(node.input[0])
    if node.op_type in ("Gemm", "MatMul"):
        inner = source[0] if attribute(node, "transA", 0) else source[-1]
        return Layer(name, op, prod(output) * inner, None, weights)
    coarse = _before_upsampling(node, file, len(weight) - 2)
    applied = source[0] * prod(weight)
    """At one position. A module of one's own may make several images of one example."""
    if node.op_type == "ConvTranspose":
        low = applied * prod(coarse) if coarse is not None else None
        return Layer(name, op, applied * prod(source[2:]), low, weights)
    low = applied * prod(_conv_output(node, coarse, weight[2:])) if coarse is not None else None
    return Layer(name, op, applied * prod(output[2:]), low, weights)


def _before_upsampling(node: onnx.NodeProto, file: ModelGraph, rank: int) -> list[int] | None:
    """Spatial sizes at which the upsampling that feeds a convolution starts; interpolation of a length stands between
    Unsqueeze and Squeeze."""
    before = file.producers.get(node.input[0])
    if before is not None and before.op_type == "Squeeze":
        before = file.producers.get(before.input[0])
    if before is None or before.op_type != "Resize":
        return None
    return file.shape(before.input[0])[-rank:]


def _conv_output(node: onnx.NodeProto, sizes: list[int], kernel: list[int]) -> list[int]:
    """Spatial sizes of a convolution's output for an input of other sizes."""
    rank = len(sizes)
    pads = attribute(node, "pads", [0] * 2 * rank)
    strides, dilations = attribute(node, "strides", [1] * rank), attribute(node, "dilations", [1] * rank)
    if not rank == len(kernel) == len(strides) == len(dilations) == len(pads) / 2 or min(strides) < 1:
        raise uncountable(f"the attributes of convolution `{node.name}` do not fit its weights")
    reach = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    return [(sizes[i] + pads[i] + pads[rank + i] - reach[i]) // strides[i] + 1 for i in range(rank)]


def _layer_name(weight: str) -> str:
    """`edges.x.conv.weight` → `edges.x.conv`."""
    return weight.rpartition(".")[0] or weight
