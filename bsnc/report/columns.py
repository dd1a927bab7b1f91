"""In which column every node stands, and in which lane the nodes of a grid stand.

The nodes `h[l, …]` of one array and first index form a block, which keeps to one column; any other node is a
block alone. Columns are the longest-path ranks of the graph of blocks. If that graph has a cycle, every node
is a block alone, and so are the nodes of an array whose blocks would meet in one column.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from bsnc.ir import Graph

_INDEXED = re.compile(r"(?P<array>.+)\[(?P<indices>-?\d+(?:\s*,\s*-?\d+)+)\]")


class Place(NamedTuple):
    """A node of an array with two or more indices: `h[1,0,2]` is (`h`, 1, (0, 2))."""

    array: str
    first: int
    lane: tuple[int, ...]


@dataclass(frozen=True)
class Columns:
    """For every node its column (0 is leftmost) and its slot (0 is the top lane; None: it has no lane)."""

    column: tuple[int, ...]
    slot: tuple[int | None, ...]


def assign_columns(graph: Graph) -> Columns:
    """Columns and slots of all nodes, in the order of `graph.nodes`. O(nodes + edges)."""
    places = [_place(node.name) for node in graph.nodes]
    for _ in range(2):
        places = _without_clashes(places, graph.endpoints)
    columns = _ranks(places, graph.endpoints)
    if columns is None or _branching(places, columns):
        places = [None for _ in places]
        columns = _ranks(places, graph.endpoints)
    assert columns is not None, f"the nodes of `{graph.name}` form a cycle"
    columns[graph.node_index[graph.output.name]] = max(columns)
    return Columns(tuple(columns), tuple(_slots(places, columns)))


def _place(name: str) -> Place | None:
    match = _INDEXED.fullmatch(name)
    if match is None:
        return None
    first, *lane = (int(index) for index in match["indices"].split(","))
    return Place(match["array"], first, tuple(lane))


def _without_clashes(places: Sequence[Place | None], endpoints: Sequence[tuple[int, int]]) -> list[Place | None]:
    """No places where blocks form a cycle; else none in the arrays that would meet themselves in a column."""
    columns = _ranks(places, endpoints)
    if columns is None:
        return [None for _ in places]
    branching = _branching(places, columns)
    return [None if place is None or place.array in branching else place for place in places]


def _branching(places: Sequence[Place | None], columns: Sequence[int]) -> set[str]:
    """Arrays with two blocks in one column: their first index counts branches, not layers."""
    first: dict[tuple[str, int], int] = {}
    found: set[str] = set()
    for place, column in zip(places, columns, strict=True):
        if place is not None and first.setdefault((place.array, column), place.first) != place.first:
            found.add(place.array)
    return found


def _ranks(places: Sequence[Place | None], endpoints: Sequence[tuple[int, int]]) -> list[int] | None:
    """For every node the length of the longest path to its block; None where blocks form a cycle."""
    blocks = [i if place is None else (place.array, place.first) for i, place in enumerate(places)]
    before: dict[Hashable, dict[Hashable, None]] = {block: {} for block in blocks}
    for source, target in endpoints:
        if blocks[source] != blocks[target]:
            before[blocks[target]][blocks[source]] = None
    rank: dict[Hashable, int] = {}
    try:
        for block in TopologicalSorter(before).static_order():
            rank[block] = max((rank[other] + 1 for other in before[block]), default=0)
    except CycleError:
        return None
    return [rank[block] for block in blocks]


def _slots(places: Sequence[Place | None], columns: Sequence[int]) -> list[int | None]:
    """Arrays that meet in a column stand below one another; each array keeps its lanes in all columns."""
    lanes: dict[str, set[tuple[int, ...]]] = {}
    visited: dict[str, set[int]] = {}
    for place, column in zip(places, columns, strict=True):
        if place is not None:
            lanes.setdefault(place.array, set()).add(place.lane)
            visited.setdefault(place.array, set()).add(column)
    height: dict[int, int] = {}
    slots: dict[tuple[str, tuple[int, ...]], int] = {}
    for array, members in lanes.items():
        top = max(height.get(column, 0) for column in visited[array])
        slots |= {(array, lane): top + i for i, lane in enumerate(sorted(members))}
        height |= dict.fromkeys(visited[array], top + len(members))
    return [None if place is None else slots[place.array, place.lane] for place in places]
