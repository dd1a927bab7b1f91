"""Whether section `train` suits the networks and what they predict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bsnc.diagnostics import Diagnostic
from bsnc.ir import DataConfig, Graph, TrainConfig, Whole, shape_text
from bsnc.syntax import ast

IMAGE = 3
"""Dimensions of [channels, height, width]."""


def unfit_training(
    train: TrainConfig, data: DataConfig, entries: Sequence[ast.Entry], graphs: Iterable[Graph]
) -> list[Diagnostic]:
    """BSN507 at each entry that does not suit some network or the target. `entries` are those of the section."""
    spans = {entry.key.text: entry.value.span for entry in entries}
    found: dict[str, tuple[str, str | None]] = {}
    for graph in graphs:
        for key, why in (("distill", _unfit_distillation(train, data, graph)), ("tta", _unfit_mirror(train, graph))):
            if why is not None:
                found.setdefault(key, why)
    return [Diagnostic("BSN507", message, spans[key], help=help_text) for key, (message, help_text) in found.items()]


def _unfit_distillation(train: TrainConfig, data: DataConfig, graph: Graph) -> tuple[str, str | None] | None:
    if train.distill is None:
        return None
    if data.target != "class":
        return f"a teacher is only for classes, and the target of the data is `{data.target}`", None
    choice = next((gate for gate in graph.gates if gate.kind == "categorical"), None)
    if isinstance(train.distill.teacher, Whole) and choice is not None:
        message = f"`{graph.name}` has choices, each of which takes one option: no network of all edges could teach"
        return message, 'name a file instead: `distill(teacher = onnx("teacher.onnx"))`'
    return None


def _unfit_mirror(train: TrainConfig, graph: Graph) -> tuple[str, str | None] | None:
    if train.tta is None or len(graph.input.shape) == IMAGE:
        return None
    shape = shape_text(graph.input.shape)
    return f"only images [channels, height, width] can be mirrored, and the input of `{graph.name}` is {shape}", None
