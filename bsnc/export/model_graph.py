"""The graph of an ONNX file as recounting reads it: shapes for one example, types, tensors, producers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import onnx

from bsnc.diagnostics import Diagnosed, Diagnostic


class ModelGraph:
    """A graph with its shapes for one example and, by name, its tensors and the operators that make values.

    Raises Diagnosed (BSN516) where shapes cannot be inferred, or operators are not ONNX's own.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        if model.functions:
            raise uncountable(f"it defines an operator of its own, {model.functions[0].name}")
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

    @cached_property
    def types(self) -> Mapping[str, int]:
        """The element types of inputs, outputs and inner values, as ONNX numbers them."""
        values = (*self.graph.input, *self.graph.value_info, *self.graph.output)
        return {value.name: value.type.tensor_type.elem_type for value in values}

    @cached_property
    def constants(self) -> frozenset[str]:
        """Values that do not depend on the input: tensors of the file and what is made of them alone."""
        known = {*self.tensors, ""}
        for node in self.graph.node:
            if known.issuperset(node.input):
                known.update(node.output)
        return frozenset(known)


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
        raise uncountable(f"shapes cannot be inferred: {str(error).splitlines()[0]}") from None


def _shapes(graph: onnx.GraphProto) -> dict[str, list[int]]:
    shapes = {i.name: list(i.dims) for i in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shape = value.type.tensor_type.shape
        shapes.setdefault(value.name, [d.dim_value for d in shape.dim])
    return shapes
