"""The same by enumeration: slow, short, and independent of the code under test."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Graph


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
    """All 2^G choices of gates `[2^G, G]`, with live edges `[2^G, E]` and nodes at which one arrives `[2^G, V]`."""

    gates: NDArray[np.bool_]
    live: NDArray[np.bool_]
    nodes: NDArray[np.bool_]

    @property
    def connected(self) -> NDArray[np.bool_]:
        return self.live.any(1)


def every_choice(graph: Graph) -> Choices:
    """Enumerate the gates of a graph."""
    names = [gate.name for gate in graph.gates]
    choices = list(itertools.product([False, True], repeat=len(names)))
    gates = np.array(choices, dtype=bool).reshape(len(choices), len(names))
    live = np.zeros((len(gates), len(graph.edges)), dtype=bool)
    nodes = np.zeros((len(gates), len(graph.nodes)), dtype=bool)
    for row, choice in enumerate(gates):
        kept = dict(zip(names, choice, strict=True))
        found = live_names(graph, [edge.gate is None or kept[edge.gate] for edge in graph.edges])
        live[row] = [edge.name in found for edge in graph.edges]
        reached = {edge.target for edge in graph.edges if edge.name in found}
        nodes[row] = [node.name in reached for node in graph.nodes]
    return Choices(gates, live, nodes)
