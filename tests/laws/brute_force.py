"""The same by enumeration: slow, short, and independent of the code under test."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Edge, Graph


def paths(graph: Graph, kept: set[str]) -> list[list[str]]:
    """Every path from the input to the output through kept edges, as names of edges."""
    leaving: dict[str, list[tuple[str, str]]] = {}
    for edge in graph.edges:
        if edge.name in kept:
            leaving.setdefault(edge.source, []).append((edge.name, edge.target))
    found: list[list[str]] = []

    def walk(node: str, path: list[str]) -> None:
        if node == graph.output.name:
            found.append(path)
            return
        for name, target in leaving.get(node, []):
            walk(target, [*path, name])

    walk(graph.input.name, [])
    return found


def live_names(graph: Graph, mask: Sequence[bool] | NDArray[np.bool_]) -> set[str]:
    """The edges on some path through the edges that a mask keeps."""
    kept = {edge.name for edge, keep in zip(graph.edges, mask, strict=True) if keep}
    return {name for path in paths(graph, kept) for name in path}


@dataclass(frozen=True)
class Choices:
    """All N values that the gates can have, as switches `[N, S]`, with live edges `[N, E]` and nodes at which one
    arrives `[N, V]`."""

    switches: NDArray[np.bool_]
    live: NDArray[np.bool_]
    nodes: NDArray[np.bool_]

    @property
    def connected(self) -> NDArray[np.bool_]:
        return self.live.any(1)


def every_choice(graph: Graph) -> Choices:
    """Enumerate the gates of a graph."""
    values = [range(len(gate.options)) if gate.options else (False, True) for gate in graph.gates]
    choices = list(itertools.product(*values))
    columns = [
        (gate, option) for gate in graph.gates for option in (range(len(gate.options)) if gate.options else [None])
    ]
    switches = np.zeros((len(choices), len(columns)), dtype=bool)
    live = np.zeros((len(choices), len(graph.edges)), dtype=bool)
    nodes = np.zeros((len(choices), len(graph.nodes)), dtype=bool)
    for row, choice in enumerate(choices):
        value = dict(zip((gate.name for gate in graph.gates), choice, strict=True))
        switches[row] = [value[gate.name] if option is None else value[gate.name] == option for gate, option in columns]
        found = live_names(graph, [follows(edge, value) for edge in graph.edges])
        live[row] = [edge.name in found for edge in graph.edges]
        reached = {edge.target for edge in graph.edges if edge.name in found}
        nodes[row] = [node.name in reached for node in graph.nodes]
    return Choices(switches, live, nodes)


def follows(edge: Edge, value: Mapping[str, bool | int]) -> bool:
    """Whether an edge is kept where each gate has this value: kept or dropped, or the number of an option."""
    if edge.gate is None:
        return True
    return bool(value[edge.gate]) if edge.option is None else value[edge.gate] == edge.option
