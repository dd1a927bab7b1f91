"""Costs recounted from an ONNX file alone: its operators, the shapes inferred from them, its initialisers.

Correspondence with the costs of the graph IR: an edge's `conv` is one Conv, its `linear` one Gemm or MatMul, a
folded batch norm lives in the bias of the layer before it; everything else multiplies nothing. `flops` therefore
agree exactly. `params` and `flops(count = veniat2018)` count what folding and pruning removed from sight (scale
and shift of batch norms; in-degrees of the S-network): that comes from the model's metadata, held against the file
here as far as the file tells, and against the spec in `verify`.
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
    """An operator with weights: what it executes, what it stores, and its name in the lowered network.

    `low_resolution` is what it would execute at the size before the upsampling that feeds it; None where none does.
    """

    name: str
    multiply_adds: int
    low_resolution: int | None
    stored: int


def recount(model: onnx.ModelProto, key: CostKey, provenance: Provenance | None) -> int:
    """A cost of a model for one example. Raises Diagnosed (BSN513, BSN516)."""
    layers = find_layers(model)
    if key.name == "params":
        return _parameters(model, layers, provenance)
    if not key.options:
        return sum(layer.multiply_adds for layer in layers)
    if provenance is None:
        raise _uncountable(f"`{key}` depends on the S-network, which a model without provenance does not name")
    additions = sum(max(0, inputs - 1) * numel for inputs, numel in provenance.node_inputs.values())
    return sum(_veniat2018(layer, provenance) for layer in layers) + additions


def find_layers(model: onnx.ModelProto) -> list[Layer]:
    """Every operator that has weights, with its counts. Raises Diagnosed (BSN516) for what cannot be counted."""
    if model.functions:
        raise _uncountable(f"it defines an operator of its own, {model.functions[0].name}")
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
            layers.append(Layer(_layer_name(node.input[1]), 0, None, 2 * prod(_shape(shapes, node.input[1]))))
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
        return Layer(name, prod(output) * inner, None, stored)
    before = producers.get(node.input[0])
    low = None
    if before is not None and before.op_type == "Resize":
        low = prod(weight) * prod(_conv_output(node, _shape(shapes, before.input[0])[2:], weight[2:]))
    return Layer(name, prod(weight) * prod(output[2:]), low, stored)


def _conv_output(node: onnx.NodeProto, sizes: list[int], kernel: list[int]) -> list[int]:
    """Spatial sizes of a convolution's output for an input of other sizes."""
    rank = len(sizes)
    pads = _attribute(node, "pads", [0] * 2 * rank)
    strides, dilations = _attribute(node, "strides", [1] * rank), _attribute(node, "dilations", [1] * rank)
    if not rank == len(kernel) == len(strides) == len(dilations) == len(pads) / 2 or min(strides) < 1:
        raise _uncountable(f"the attributes of convolution `{node.name}` do not fit its weights")
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


def _parameters(model: onnx.ModelProto, layers: list[Layer], provenance: Provenance | None) -> int:
    """Trainable parameters: those stored, and those that the metadata says were folded away.

    No tensor is overlooked: without metadata all count that hold data, with it each must belong to a layer.
    """
    stored = _stored(model)
    if provenance is None:
        return stored
    if stored != sum(layer.stored for layer in layers):
        raise _mismatch("the file holds weights that belong to none of its layers")
    return sum(_trainable(layer, provenance) for layer in layers)


def _trainable(layer: Layer, provenance: Provenance) -> int:
    """Folding batch norms and leaving out zero biases hides parameters, and never adds any."""
    claimed = provenance.trainable.get(layer.name)
    if claimed is None:
        raise _mismatch(f"layer `{layer.name}` is not one of the exported network")
    if claimed < layer.stored:
        raise _mismatch(f"layer `{layer.name}` stores {layer.stored} parameters, the metadata says {claimed}")
    return claimed


def _veniat2018(layer: Layer, provenance: Provenance) -> int:
    if layer.name not in provenance.low_resolution:
        return layer.multiply_adds
    if layer.low_resolution is None:
        raise _mismatch(f"no upsampling feeds layer `{layer.name}`, the metadata says that one does")
    return layer.low_resolution


_SETTINGS = {
    "BatchNormalization": (3, 4),
    "Pad": (1, 2, 3),
    "ReduceMean": (1,),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "Slice": (1, 2, 3, 4),
    "Squeeze": (1,),
    "Unsqueeze": (1,),
}
"""Inputs that say how an operator works and are not its data: axes, shapes, scales, running statistics."""


def _stored(model: onnx.ModelProto) -> int:
    """Numbers in the file that may be parameters: in every tensor of more than one, unless it is but a setting."""
    graph = model.graph
    sizes = {tensor.name: prod(tensor.dims) for tensor in graph.initializer}
    sizes |= {node.output[0]: _constant_size(node) for node in graph.node if node.op_type == "Constant"}
    uses: dict[str, list[bool]] = {name: [] for name in sizes}
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in uses:
                uses[name].append(place in _SETTINGS.get(node.op_type, ()))
    return sum(size for name, size in sizes.items() if size > 1 and not (uses[name] and all(uses[name])))


def _constant_size(node: onnx.NodeProto) -> int:
    value = _attribute(node, "value", None)
    if isinstance(value, onnx.TensorProto):
        return prod(value.dims)
    lists = [_attribute(node, name, ()) for name in ("value_floats", "value_ints", "value_strings")]
    return max(1, *map(len, lists))


def initialisers(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Initialisers by name, as numpy arrays. Raises Diagnosed (BSN511)."""
    try:
        return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    except (ValueError, TypeError, KeyError) as error:
        message = f"not a valid ONNX model: a tensor cannot be read: {error}"
        raise Diagnosed(Diagnostic("BSN511", message, subject="model")) from None


def _uncountable(message: str) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN516", message, subject="model"))


def _mismatch(message: str) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN513", message, subject="model"))
