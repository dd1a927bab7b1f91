"""Whether section `data` suits the networks, as far as it tells without reading any data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bsnc.diagnostics import Diagnostic, SourceSpan
from bsnc.ir import DataConfig, Graph, shape_text
from bsnc.syntax import ast

IMAGE = 3
"""Dimensions of [channels, height, width]."""
_OUTPUTS = {"class": "[classes]", "mask": "[classes, height, width]", "value": "[values]"}


def unfit_data(data: DataConfig, entries: Sequence[ast.Entry], graphs: Iterable[Graph]) -> list[Diagnostic]:
    """BSN501 at `target`, or `source` without it, and at `size`, where they do not suit some network. `entries` are
    those of the section: without these networks may have any output."""
    spans = {entry.key.text: entry.value.span for entry in entries}
    found: dict[str, Diagnostic] = {}
    for graph in graphs:
        for key, why in (("target", _unfit_target(data, graph)), ("size", _unfit_size(data, graph))):
            place = spans.get(key) or (spans.get("source") if key == "target" else None)
            if why is not None and place is not None:
                found.setdefault(key, _unfit(why, place))
    return list(found.values())


def _unfit(why: str, place: SourceSpan) -> Diagnostic:
    return Diagnostic("BSN501", why, place)


def _unfit_target(data: DataConfig, graph: Graph) -> str | None:
    needed, output = _OUTPUTS[data.target], graph.output
    if len(output.shape) == needed.count(",") + 1:
        return None
    return f"`target = {data.target}` needs an output {needed}, but `{output.name}` is {shape_text(output.shape)}"


def _unfit_size(data: DataConfig, graph: Graph) -> str | None:
    for node in (graph.input, graph.output) if data.target == "mask" else (graph.input,):
        if data.size is not None and len(node.shape) == IMAGE and node.shape[1:] != data.size:
            wanted = "×".join(map(str, data.size))
            return f"images are resized to {wanted} pixels, but {node.kind} `{node.name}` is {shape_text(node.shape)}"
    return None
