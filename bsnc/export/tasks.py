"""The operators of a file in the groups in which they run: one task for each op of the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from math import prod

import onnx

from bsnc.export.model_graph import ModelGraph
from bsnc.export.operator_names import op_of

_VIEWS = frozenset({"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
_ELEMENTWISE = frozenset(
    [
        "Abs",
        "Add",
        "BatchNormalization",
        "Clip",
        "Div",
        "Elu",
        "Erf",
        "Gelu",
        "HardSigmoid",
        "HardSwish",
        "InstanceNormalization",
        "LayerNormalization",
        "LeakyRelu",
        "Max",
        "Mish",
        "Mul",
        "PRelu",
        "Relu",
        "Selu",
        "Sigmoid",
        "Softmax",
        "Softplus",
        "Sub",
        "Sum",
        "Swish",
        "Tanh",
        "Where",
    ]
)
"""What may write its result over an operand of the same size; normalisations too."""
_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)


@dataclass(frozen=True)
class Task:
    """What runs at once: an op, its operands and its results, activations only.

    Of each result `over` holds the operands in whose memory it may lie, in order; `views` those in whose memory it lies
    as it is.
    """

    op: str | None
    operands: tuple[str, ...]
    results: tuple[str, ...]
    over: dict[str, tuple[str, ...]]
    views: dict[str, str]


def find_tasks(file: ModelGraph) -> list[Task]:
    """In the order of the file: operators that follow each other and bear the name of one op are one task, an operator
    without such a name is one on its own."""
    runs = [(op, list(run)) for op, run in groupby(file.graph.node, op_of)]
    groups = [(op, nodes) for op, run in runs for nodes in ([run] if op is not None else [[node] for node in run])]
    return [task for op, nodes in groups if (task := _task(op, nodes, file)) is not None]


def activations(file: ModelGraph, names: Iterator[str] | list[str]) -> list[str]:
    """Those values that depend on the input and hold numbers of the network, in order, each once."""
    floats = (name for name in names if name not in file.constants and file.types.get(name) in _FLOATS)
    return list(dict.fromkeys(floats))


def _task(op: str | None, nodes: list[onnx.NodeProto], file: ModelGraph) -> Task | None:
    inside = {name for node in nodes for name in node.output}
    operands = activations(file, [name for node in nodes for name in node.input if name not in inside])
    leaving = _used_outside(inside, nodes, file)
    results = activations(file, [name for node in nodes for name in node.output if name in leaving])
    if not results:
        return None
    over: dict[str, tuple[str, ...]] = {name: (name,) for name in operands}
    views = {name: name for name in operands}
    for node in nodes:
        _trace(node, file, over, views)
    return Task(
        op,
        tuple(operands),
        tuple(results),
        {name: over.get(name, ()) for name in results},
        {name: views[name] for name in results if name in views},
    )


def _used_outside(inside: set[str], nodes: list[onnx.NodeProto], file: ModelGraph) -> set[str]:
    """Values made here that another operator reads, or that are outputs."""
    own = {id(node) for node in nodes}
    read = {name for node in file.graph.node if id(node) not in own for name in node.input}
    return inside & (read | {value.name for value in file.graph.output})


def _trace(node: onnx.NodeProto, file: ModelGraph, over: dict[str, tuple[str, ...]], views: dict[str, str]) -> None:
    """From where the results of an operator may take their memory."""
    for result in node.output[:1]:
        if node.op_type in _VIEWS:
            over[result] = over.get(node.input[0], ())
            if node.input[0] in views:
                views[result] = views[node.input[0]]
        elif node.op_type in _ELEMENTWISE:
            size = prod(file.shape(result))
            alike = [name for name in node.input if name in over and prod(file.shape(name)) == size]
            over[result] = tuple(dict.fromkeys(root for name in alike for root in over[name]))
