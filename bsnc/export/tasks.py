"""The operators of a file in the groups in which they run: one task for each op of the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
        "Greater",
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
_SMALL = "squeeze_excite"
"""The op that reduces its operand to one number a channel, works on those, and scales the operand by them."""


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
    """In the order of the file: operators that follow each other and bear the name of one op are one task, if they need
    no more room than an op does. An operator without such a name is a task on its own; so are those of a longer run."""
    tasks: list[Task] = []
    for op, run in groupby(file.graph.node, op_of):
        nodes = list(run)
        together = op is not None and _is_one_op(op, nodes, file)
        tasks += [_task(op, group, file) for group in ([nodes] if together else [[node] for node in nodes])]
    return [task for task in tasks if task.results]


def activations(file: ModelGraph, names: Iterable[str]) -> list[str]:
    """Those values that depend on the input, in order, each once; lists of numbers, which are shapes, are none."""
    return list(dict.fromkeys(name for name in names if name not in file.constants and not _is_shape(name, file)))


def _is_shape(name: str, file: ModelGraph) -> bool:
    return file.types.get(name) == onnx.TensorProto.INT64 and len(file.shapes.get(name, ())) < 2


def _is_one_op(op: str, nodes: list[onnx.NodeProto], file: ModelGraph) -> bool:
    """Whether no tensor lies in memory inside of the task beside its operands and its result: at most one operator
    makes a new one, from operands as they are, and the rest works on that element by element. Names alone are not
    believed.

    What a `squeeze_excite` makes inside holds one number a channel, and the rule of `memory` leaves that out.
    """
    small = op.rpartition(".")[2].startswith(_SMALL)
    made: set[str] = set()
    moved = False
    for node in nodes:
        reads = set(activations(file, node.input))
        inner = not made.isdisjoint(reads)
        if not reads or not activations(file, node.output):
            continue
        if node.op_type not in _VIEWS | _ELEMENTWISE:
            if not _one_a_channel(node, file) if small else (moved or inner):
                return False
            moved = True
        elif node.op_type in _ELEMENTWISE and moved and not small and not reads <= made:
            return False
        made |= set(node.output) if inner or node.op_type not in _VIEWS else set()
    return True


def _one_a_channel(node: onnx.NodeProto, file: ModelGraph) -> bool:
    shape = file.shape(node.output[0])
    return len(shape) > 2 and prod(shape[2:]) == 1


def _task(op: str | None, nodes: list[onnx.NodeProto], file: ModelGraph) -> Task:
    inside = {name for node in nodes for name in node.output}
    operands = activations(file, [name for node in nodes for name in node.input if name not in inside])
    leaving = _used_outside(nodes, file)
    results = activations(file, [name for node in nodes for name in node.output if name in leaving])
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


def _used_outside(nodes: list[onnx.NodeProto], file: ModelGraph) -> set[str]:
    """Values made here that another operator reads, or that are outputs, or that nothing reads: they are there too."""
    here = Counter(name for node in nodes for name in node.input)
    made = (name for node in nodes for name in node.output if name)
    return {name for name in made if not here[name] or file.uses.get(name, 0) > here[name]}


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
