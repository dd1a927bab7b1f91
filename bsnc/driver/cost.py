"""`bsnc cost`: costs of given masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.driver.budgets import whole
from bsnc.driver.check import Loaded
from bsnc.driver.given import given_of
from bsnc.driver.masks import read_masks
from bsnc.driver.ranges import known_costs
from bsnc.ir import Graph, live_edges
from bsnc.sema import Overrides


@dataclass(frozen=True)
class MaskCost:
    """The live subgraph of a mask and what it costs; an inconsistent mask has no live edge and costs nothing."""

    live: tuple[str, ...]
    costs: dict[str, float]

    def as_json(self) -> dict[str, object]:
        costs = {name: whole(value) for name, value in self.costs.items()}
        return {"consistent": bool(self.live), "live": list(self.live), "costs": costs}


def cost_masks(path: Path, spec: Loaded, masks_path: Path | None, overrides: Overrides) -> list[MaskCost]:
    """Costs of every mask of a file, or of the whole network where that is an architecture, for the spec at `path`.
    Raises Diagnosed."""
    program, analysis = spec
    graph = program.graph
    masks = _everything(path, graph) if masks_path is None else read_masks(masks_path, graph)
    live = torch.from_numpy(live_edges(graph, masks.numpy()))
    costs = known_costs(program, given_of(program, analysis, overrides.allow_extern))
    columns = {str(key): cost(live).tolist() for key, cost in costs.items()}
    return [
        MaskCost(_names(graph, row), {name: column[i] for name, column in columns.items()})
        for i, row in enumerate(live.tolist())
    ]


def _everything(path: Path, graph: Graph) -> torch.Tensor:
    """The mask that keeps every edge. Raises Diagnosed (BSN004) where options of a choice exclude each other."""
    if any(gate.kind == "categorical" for gate in graph.gates):
        message = "the options of a choice exclude each other: say with `--masks` which to keep"
        help_text = "`bsnc compile` shows the costs of the cheapest and the costliest architecture"
        raise Diagnosed(Diagnostic("BSN004", message, subject=str(path), help=help_text))
    return torch.ones(1, len(graph.edges), dtype=torch.bool)


def _names(graph: Graph, row: Sequence[bool]) -> tuple[str, ...]:
    return tuple(edge.name for edge, live in zip(graph.edges, row, strict=True) if live)
