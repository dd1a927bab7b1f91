"""Whether the augmentations of section `data` suit the input of a network and the target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bsnc.diagnostics import Diagnostic
from bsnc.ir import DataConfig, Graph, misfit
from bsnc.syntax import ast


def unfit_augmentations(data: DataConfig, entries: Sequence[ast.Entry], graphs: Iterable[Graph]) -> list[Diagnostic]:
    """BSN501 at each augmentation that does not suit some network, once. `entries` are those of the section."""
    written = next((entry.value for entry in entries if entry.key.text == "augment"), None)
    if not isinstance(written, ast.ListLiteral):
        return []
    shapes = dict.fromkeys(graph.input.shape for graph in graphs)
    found: list[Diagnostic] = []
    for item, step in zip(written.items, data.augment, strict=True):
        why = next((why for shape in shapes if (why := misfit(step, shape, data.target)) is not None), None)
        if why is not None:
            found.append(Diagnostic("BSN501", why, item.span))
    return found
