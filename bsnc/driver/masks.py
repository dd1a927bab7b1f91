"""Masks and architectures from JSON files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn, cast

import numpy as np
import torch

from bsnc.diagnostics import Diagnosed, Diagnostic, did_you_mean
from bsnc.driver.files import read_text
from bsnc.ir import Graph, graph_hash, live_edges


def read_masks(path: Path, graph: Graph) -> torch.Tensor:
    """Masks `[B, E]` (bool) from a JSON list of `{edge name: 0 | 1}`; unnamed edges are kept.

    Of a choice one option at most may be kept, and one at least unless the choice has options without an edge.

    Raises Diagnosed (BSN001, BSN002, BSN005).
    """
    data = _read_json(path)
    if not isinstance(data, list):
        _bad(path, "the file must hold a list of objects")
    rows = [_mask(path, graph, f"entry {i}", row) for i, row in enumerate(cast(list[object], data))]
    return torch.tensor(rows, dtype=torch.bool).reshape(len(rows), len(graph.edges))


def read_architecture(path: Path, graph: Graph) -> torch.Tensor:
    """Live edges `[1, E]` (bool) from `architecture.json` of a run, from a JSON object `{"live": [edge names]}`, where
    fixed edges need no naming, or from a mask `{edge name: 0 | 1}`.

    Raises Diagnosed (BSN001, BSN002, BSN005, and BSN513 where the run was of another network).
    """
    data = _read_json(path)
    if not isinstance(data, dict):
        _bad(path, "the file must hold an object: one architecture")
    fields = cast(dict[str, object], data)
    is_mask = "live" not in fields
    kept = _mask(path, graph, "the mask", fields) if is_mask else _kept(path, graph, fields)
    live = live_edges(graph, np.array([kept], dtype=bool))
    if not live.any():
        _bad(path, f"no path of these edges leads from `{graph.input.name}` to `{graph.output.name}`")
    if not is_mask:
        _check_live(path, graph, set(cast(list[str], fields["live"])), live[0].tolist())
    return torch.from_numpy(live)


def _kept(path: Path, graph: Graph, fields: dict[str, object]) -> list[bool]:
    """For every edge whether it is fixed or its gate keeps some live edge. Raises Diagnosed (BSN005, BSN513)."""
    if fields.get("graph_hash", graph_hash(graph)) != graph_hash(graph):
        message = f"the architecture is of another network than `{graph.name}` of this spec"
        help_text = "give the spec, and the `--set` values, that its run was trained with"
        raise Diagnosed(Diagnostic("BSN513", message, subject=str(path), help=help_text))
    names = fields["live"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in cast(list[object], names)):
        _bad(path, "`live` must be a list of names of edges")
    named = [_index(path, graph, "`live`", name) for name in cast(list[str], names)]
    on = {graph.edge_switches[i] for i in named}
    _check_options(path, graph, on)
    return [switch is None or switch in on for switch in graph.edge_switches]


def _check_options(path: Path, graph: Graph, on: Iterable[int | None]) -> None:
    """Raises Diagnosed (BSN005) where two options of one gate are taken."""
    for gate, switches in zip(graph.gates, graph.gate_switches, strict=True):
        taken = [i for i, switch in enumerate(switches) if switch in on]
        if gate.kind == "categorical" and len(taken) > 1:
            options = " and ".join(f"`{gate.options[i]}`" for i in taken[:2])
            _bad(path, f"`live` holds {options} of gate `{gate.name}`, which exclude each other")


def _check_live(path: Path, graph: Graph, named: set[str], live: list[bool]) -> None:
    """Raises Diagnosed (BSN005) where other edges are live than those that are named, and fixed ones."""
    for edge, is_live in zip(graph.edges, live, strict=True):
        if edge.name in named and not is_live:
            _bad(path, f"`{edge.name}` is not live: it lies on no path of these edges")
        if is_live and edge.gate is not None and edge.name not in named:
            _bad(path, f"`live` lacks `{edge.name}`, which shares gate `{edge.gate}` with an edge that it holds")


def _read_json(path: Path) -> object:
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        _bad(path, f"not JSON: {error}")


def _mask(path: Path, graph: Graph, entry: str, row: object) -> list[bool]:
    """For every edge whether a mask keeps it; `entry` says which mask of the file it is. Raises Diagnosed (BSN005)."""
    if not isinstance(row, dict):
        _bad(path, f"{entry} is not an object")
    mask = [True] * len(graph.edges)
    for name, kept in cast(dict[str, object], row).items():
        mask[_edge(path, graph, entry, name, kept)] = bool(kept)
    _check_choices(path, graph, entry, mask)
    return mask


def _check_choices(path: Path, graph: Graph, entry: str, kept: list[bool]) -> None:
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
                _bad(path, f"{entry} keeps some edges of gate `{gate.name}` and drops others: they share it")
            continue
        if len(taken[gate.name]) > 1:
            options = " and ".join(f"`{gate.options[o]}`" for o in sorted(taken[gate.name])[:2])
            _bad(path, f"{entry} keeps {options} of gate `{gate.name}`", "set the edges of the others to 0")
        if not taken[gate.name] and len(named[gate.name]) == len(gate.options):
            _bad(path, f"{entry} keeps no option of gate `{gate.name}`, which always takes one")


def _edge(path: Path, graph: Graph, entry: str, name: str, kept: object) -> int:
    index = _index(path, graph, entry, name)
    if kept not in (0, 1):
        _bad(path, f"{entry}, edge `{name}`: {json.dumps(kept)} is neither 0 nor 1")
    if not kept and graph.edges[index].gate is None:
        _bad(path, f"{entry} drops `{name}`, which is a fixed edge")
    return index


def _index(path: Path, graph: Graph, entry: str, name: str) -> int:
    index = graph.edge_index.get(name)
    if index is None:
        _bad(path, f"{entry} names no edge: `{name}`", did_you_mean(name, graph.edge_index))
    return index


def _bad(path: Path, message: str, help: str | None = None) -> NoReturn:
    raise Diagnosed(Diagnostic("BSN005", message, subject=str(path), help=help))
