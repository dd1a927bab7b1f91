"""The graph of an ONNX file as recounting reads it: shapes for one example, types, tensors, producers, uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import onnx

from bsnc.diagnostics import Diagnosed, Diagnostic, first_line


@dataclass(frozen=True)
class Stored:
    """A tensor that the file holds: its element type, as ONNX numbers them, and its sizes."""

    type: int
    dims: tuple[int, ...]

    @property
    def numbers(self) -> int:
        return prod(self.dims)

    @property
    def bytes(self) -> int:
        return bytes_each(self.type) * self.numbers


class ModelGraph:
    """A graph with its shapes for one example and, by name, its tensors and the operators that make values.

    Raises Diagnosed (BSN516) where shapes cannot be inferred, operators are not ONNX's own, or tensors are kept in a
    place where bsnc keeps none.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        if model.functions:
            raise uncountable(f"it defines an operator of its own, {model.functions[0].name}")
        if model.graph.sparse_initializer or model.training_info:
            raise uncountable("it holds sparse tensors, or a graph for training")
        self.graph = _with_inferred_shapes(model).graph
        self.shapes = _shapes(self.graph)
        self.tensors: Mapping[str, onnx.TensorProto] = {tensor.name: tensor for tensor in self.graph.initializer}
        self.producers = {output: node for node in self.graph.node for output in node.output}

    def shape(self, name: str) -> list[int]:
        """Raises Diagnosed (BSN516) where it is not known."""
        shape = self.shapes.get(name)
        if shape is None or not all(size > 0 for size in shape):
            raise uncountable(f"the shape of `{name}` is not known")
        return shape

    def bytes(self, name: str) -> int:
        """Bytes of a value of one example. Raises Diagnosed (BSN516) where its shape or type is not known."""
        return bytes_each(self.types.get(name, onnx.TensorProto.UNDEFINED)) * prod(self.shape(name))

    @cached_property
    def types(self) -> Mapping[str, int]:
        """The element types of inputs, outputs and inner values, as ONNX numbers them."""
        values = (*self.graph.input, *self.graph.value_info, *self.graph.output)
        return {value.name: value.type.tensor_type.elem_type for value in values}

    @cached_property
    def stored(self) -> Mapping[str, Stored]:
        """Everything that the file holds, initialisers and constants. Raises Diagnosed (BSN516) for constants that are
        no tensor of numbers."""
        constants = {node.output[0]: _constant(node) for node in self.graph.node if node.op_type == "Constant"}
        return {name: Stored(t.data_type, tuple(t.dims)) for name, t in self.tensors.items()} | constants

    @cached_property
    def uses(self) -> Mapping[str, int]:
        """How often operators read each value; an output of the graph is read once more."""
        read = Counter(name for node in self.graph.node for name in node.input)
        return read + Counter(value.name for value in self.graph.output)

    @cached_property
    def constants(self) -> frozenset[str]:
        """Values that do not depend on the input: tensors of the file and what is made of them alone."""
        known = {*self.tensors, ""}
        for node in self.graph.node:
            if known.issuperset(node.input):
                known.update(node.output)
        return frozenset(known)


def bytes_each(element_type: int) -> int:
    """Bytes of a number of this type. Raises Diagnosed (BSN516) for what is no number."""
    if element_type not in _BYTES:
        raise uncountable(f"a tensor has elements that are no numbers, of type {element_type}")
    return _BYTES[element_type]


_BYTES: dict[int, int] = {
    kind: onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize
    for kind in onnx.TensorProto.DataType.values()
    if kind not in (onnx.TensorProto.UNDEFINED, onnx.TensorProto.STRING)
}


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return onnx.helper.get_attribute_value(attribute)
    return default


def uncountable(message: str) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN516", message, subject="model"))


def mismatch(message: str) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN513", message, subject="model"))


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
        raise uncountable(f"shapes cannot be inferred: {first_line(error)}") from None


def _constant(node: onnx.NodeProto) -> Stored:
    value = attribute(node, "value", None)
    if isinstance(value, onnx.TensorProto):
        return Stored(value.data_type, tuple(value.dims))
    for name, kind in (("float", onnx.TensorProto.FLOAT), ("int", onnx.TensorProto.INT64)):
        listed = attribute(node, f"value_{name}s", None)
        if listed is not None:
            return Stored(kind, (len(listed),))
        if attribute(node, f"value_{name}", None) is not None:
            return Stored(kind, ())
    raise uncountable(f"constant `{node.output[0]}` is no tensor of numbers")


def _shapes(graph: onnx.GraphProto) -> dict[str, list[int]]:
    shapes = {i.name: list(i.dims) for i in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        if value.type.tensor_type.HasField("shape"):
            shapes.setdefault(value.name, [d.dim_value for d in value.type.tensor_type.shape.dim])
    return shapes
