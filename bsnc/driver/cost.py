"""`bsnc cost`: costs of given masks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, cast

import torch

from bsnc.cost import cost_of
from bsnc.diagnostics import Diagnosed, Diagnostic, did_you_mean
from bsnc.driver.budgets import whole
from bsnc.driver.check import load_program
from bsnc.driver.files import read_text
from bsnc.ir import Graph, every_cost, live_edges
from bsnc.sema import Overrides


@dataclass(frozen=True)
class MaskCost:
    """The live subgraph of a mask and what it costs; an inconsistent mask has no live edge and costs nothing."""

    live: tuple[str, ...]
    costs: dict[str, float]

    def as_json(self) -> dict[str, object]:
        costs = {name: whole(value) for name, value in self.costs.items()}
        return {"consistent": bool(self.live), "live": list(self.live), "costs": costs}


def cost_masks(path: Path, masks_path: Path | None, overrides: Overrides) -> list[MaskCost]:
    """Costs of every mask of a file, or of the whole network where that is an architecture. Raises Diagnosed."""
    program, _ = load_program(path, overrides)
    graph = program.graph
    masks = _everything(path, graph) if masks_path is None else read_masks(masks_path, graph)
    live = torch.from_numpy(live_edges(graph, masks.numpy()))
    columns = {str(key): cost_of(key, graph)(live).tolist() for key in every_cost()}
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


def read_masks(path: Path, graph: Graph) -> torch.Tensor:
    """Masks `[B, E]` (bool) from a JSON list of `{edge name: 0 | 1}`; unnamed edges are kept.

    Of a choice one option at most may be kept, and one at least unless the choice has options without an edge.

    Raises Diagnosed (BSN001, BSN002, BSN005).
    """
    try:
        data: object = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        _bad(path, f"not JSON: {error}")
    if not isinstance(data, list):
        _bad(path, "the file must hold a list of objects")
    rows = cast(list[object], data)
    masks = torch.ones(len(rows), len(graph.edges), dtype=torch.bool)
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            _bad(path, f"entry {i} is not an object")
        for name, kept in cast(dict[str, object], row).items():
            masks[i, _edge(path, graph, i, name, kept)] = bool(kept)
        _check_choices(path, graph, i, masks[i].tolist())
    return masks


def _check_choices(path: Path, graph: Graph, entry: int, kept: list[bool]) -> None:
    """Raises Diagnosed (BSN005) where the edges that are kept follow two options of one gate, or none that there is."""
    taken: dict[str, set[int]] = {gate.name: set() for gate in graph.gates if gate.kind == "categorical"}
    named: dict[str, set[int]] = {name: set() for name in taken}
    for edge, keep in zip(graph.edges, kept, strict=True):
        if edge.gate in taken and edge.option is not None:
            named[edge.gate].add(edge.option)
            taken[edge.gate] |= {edge.option} if keep else set()
    for gate in graph.gates:
        if gate.name not in taken:
            kept_or_not = {keep for edge, keep in zip(graph.edges, kept, strict=True) if edge.gate == gate.name}
            if len(kept_or_not) > 1:
                _bad(path, f"entry {entry} keeps some edges of gate `{gate.name}` and drops others: they share it")
            continue
        if len(taken[gate.name]) > 1:
            options = " and ".join(f"`{gate.options[o]}`" for o in sorted(taken[gate.name])[:2])
            _bad(path, f"entry {entry} keeps {options} of gate `{gate.name}`", "set the edges of the others to 0")
        if not taken[gate.name] and len(named[gate.name]) == len(gate.options):
            _bad(path, f"entry {entry} keeps no option of gate `{gate.name}`, which always takes one")


def _edge(path: Path, graph: Graph, entry: int, name: str, kept: object) -> int:
    index = graph.edge_index.get(name)
    if index is None:
        _bad(path, f"entry {entry} names no edge: `{name}`", did_you_mean(name, graph.edge_index))
    if kept not in (0, 1):
        _bad(path, f"entry {entry}, edge `{name}`: {json.dumps(kept)} is neither 0 nor 1")
    if not kept and graph.edges[index].gate is None:
        _bad(path, f"entry {entry} drops `{name}`, which is a fixed edge")
    return index


def _bad(path: Path, message: str, help: str | None = None) -> NoReturn:
    raise Diagnosed(Diagnostic("BSN005", message, subject=str(path), help=help))
