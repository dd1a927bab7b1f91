"""Costs recounted from an ONNX file alone: its operators, the shapes inferred from them, its initialisers.

Correspondence with the costs of the graph IR: an edge's `conv` is one Conv, its `linear` one Gemm or MatMul, a
folded batch norm lives in the bias of the layer before it; everything else multiplies nothing. `flops` therefore
agree exactly. `params` and `flops(count = veniat2018)` count what folding and pruning removed from sight (scale
and shift of batch norms; in-degrees of the S-network): that comes from the model's metadata, within bounds that
the file itself sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.export.metadata import Provenance
from bsnc.ir import CostKey

_FREE = frozenset(
    [
        "Add",
        "AveragePool",
        "BatchNormalization",
        "Cast",
        "Concat",
        "Constant",
        "Div",
        "Erf",
        "Flatten",
        "Gather",
        "Gelu",
        "GlobalAveragePool",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "LeakyRelu",
        "MaxPool",
        "Mul",
        "Pad",
        "ReduceMean",
        "Relu",
        "Reshape",
        "Resize",
        "Shape",
        "Sigmoid",
        "Slice",
        "Squeeze",
        "Sub",
        "Sum",
        "Swish",
        "Tanh",
        "Transpose",
        "Unsqueeze",
    ]
)
_MULTIPLYING = frozenset({"Conv", "Gemm", "MatMul"})


@dataclass(frozen=True)
class Layer:
    """An operator with weights: what it executes, what it stores, and its name in the lowered network."""

    name: str
    operator: str
    multiply_adds: int
    low_resolution: int
    stored: int
    channels: int


def recount(model: onnx.ModelProto, key: CostKey, provenance: Provenance | None) -> int:
    """A cost of a model for one example. Raises Diagnosed (BSN513, BSN516)."""
    layers = find_layers(model)
    if key.name == "params":
        return sum(_trainable(layer, provenance) for layer in layers)
    if not key.options:
        return sum(layer.multiply_adds for layer in layers)
    if provenance is None:
        raise _uncountable(f"`{key}` depends on the S-network, which a model without provenance does not name")
    additions = sum(max(0, inputs - 1) * numel for inputs, numel in provenance.node_inputs.values())
    return sum(layer.low_resolution for layer in layers) + additions


def find_layers(model: onnx.ModelProto) -> list[Layer]:
    """Every operator that has weights, with its counts. Raises Diagnosed (BSN516) for what cannot be counted."""
    graph = _with_inferred_shapes(model).graph
    shapes = _shapes(graph)
    producers = {output: node for node in graph.node for output in node.output}
    layers: list[Layer] = []
    for node in graph.node:
        if node.domain not in ("", "ai.onnx") or node.op_type not in _FREE | _MULTIPLYING:
            raise _uncountable(f"operator {node.domain or 'ai.onnx'}.{node.op_type} is none that bsnc writes")
        if node.op_type in _MULTIPLYING:
            layers.append(_layer(node, shapes, producers))
        elif node.op_type == "BatchNormalization":
            channels = prod(_shape(shapes, node.input[1]))
            layers.append(Layer(_layer_name(node.input[1]), "BatchNormalization", 0, 0, 2 * channels, channels))
    return layers


def _with_inferred_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy for one example, shapes inferred afresh: what the file claims about intermediate shapes is dropped."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.value_info[:]
    for value in (*copy.graph.input, *copy.graph.output):
        shape = value.type.tensor_type.shape
        if shape.dim and shape.dim[0].dim_param:
            shape.dim[0].dim_value = 1
    try:
        return onnx.shape_inference.infer_shapes(copy, check_type=True, strict_mode=True, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        raise _uncountable(f"shapes cannot be inferred: {str(error).splitlines()[0]}") from None


def _shapes(graph: onnx.GraphProto) -> dict[str, list[int]]:
    shapes = {i.name: list(i.dims) for i in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shape = value.type.tensor_type.shape
        shapes.setdefault(value.name, [d.dim_value for d in shape.dim])
    return shapes


def _shape(shapes: dict[str, list[int]], name: str) -> list[int]:
    shape = shapes.get(name)
    if shape is None or not all(size > 0 for size in shape):
        raise _uncountable(f"the shape of `{name}` is not known")
    return shape


def _layer(node: onnx.NodeProto, shapes: dict[str, list[int]], producers: dict[str, onnx.NodeProto]) -> Layer:
    weight, output = _shape(shapes, node.input[1]), _shape(shapes, node.output[0])
    bias = prod(_shape(shapes, node.input[2])) if len(node.input) > 2 and node.input[2] else 0
    name, stored = _layer_name(node.input[1]), prod(weight) + bias
    if node.op_type != "Conv":
        source = _shape(shapes, node.input[0])
        inner = source[0] if _attribute(node, "transA", 0) else source[-1]
        executed = prod(output) * inner
        return Layer(name, node.op_type, executed, executed, stored, output[-1])
    executed = prod(weight) * prod(output[2:])
    before = producers.get(node.input[0])
    low = executed
    if before is not None and before.op_type == "Resize":
        low = prod(weight) * prod(_conv_output(node, _shape(shapes, before.input[0])[2:], weight[2:]))
    return Layer(name, "Conv", executed, low, stored, weight[0])


def _conv_output(node: onnx.NodeProto, sizes: list[int], kernel: list[int]) -> list[int]:
    """Spatial sizes of a convolution's output for an input of other sizes."""
    rank = len(sizes)
    pads = _attribute(node, "pads", [0] * 2 * rank)
    strides, dilations = _attribute(node, "strides", [1] * rank), _attribute(node, "dilations", [1] * rank)
    reach = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    return [(sizes[i] + pads[i] + pads[rank + i] - reach[i]) // strides[i] + 1 for i in range(rank)]


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return onnx.helper.get_attribute_value(attribute)
    return default


def _layer_name(weight: str) -> str:
    """`edges.x.conv.weight` → `edges.x.conv`."""
    return weight.rpartition(".")[0] or weight


def _trainable(layer: Layer, provenance: Provenance | None) -> int:
    """Trainable parameters of a layer: those stored, and those that the metadata says were folded away.

    Folding and removal of zero biases can hide at most a bias, a scale and a shift per channel.
    """
    if provenance is None:
        return layer.stored
    claimed = provenance.trainable.get(layer.name)
    if claimed is None:
        raise _mismatch(f"layer `{layer.name}` is not one of the exported network")
    if not 0 <= claimed - layer.stored <= 3 * layer.channels:
        message = f"layer `{layer.name}` stores {layer.stored} parameters, the metadata says {claimed}"
        raise _mismatch(message)
    return claimed


def initialisers(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Initialisers by name, as numpy arrays."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def _uncountable(message: str) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN516", message, subject="model"))


def _mismatch(message: str) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN513", message, subject="model"))
