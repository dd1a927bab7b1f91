"""What has to be arranged: nodes, and waypoints of the edges that pass other columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from bsnc.ir import Graph
from bsnc.report.columns import assign_columns
from bsnc.report.theme import NODE_HEIGHT, NODE_HEIGHT_MAX, PORT_PITCH

WAYPOINTS_MAX = 60_000
"""With more, edges that pass other columns are arcs, some of them behind nodes."""

COLUMN_SPACE = 700.0
"""Height in px that the waypoints of one column may take; beyond, they are squeezed."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class Item:
    """A node (the first items, in the order of the graph) or a waypoint, which no node owns."""

    column: int
    height: float
    slot: int | None = None
    is_node: bool = False


@dataclass(frozen=True)
class Scene:
    """Items; the edges of each (source, target); the items from source to target that these edges pass."""

    items: tuple[Item, ...]
    bundles: dict[Pair, tuple[int, ...]]
    chains: dict[Pair, tuple[int, ...]]
    node_gap: float

    @cached_property
    def layers(self) -> list[list[int]]:
        layers: list[list[int]] = [[] for _ in range(1 + max(item.column for item in self.items))]
        for i, item in enumerate(self.items):
            layers[item.column].append(i)
        return layers

    @cached_property
    def links(self) -> list[Pair]:
        """Neighbouring items of all chains, left to right."""
        return [link for chain in self.chains.values() for link in pairwise(chain)]

    @cached_property
    def left(self) -> list[list[int]]:
        """For every item its neighbours to the left."""
        return _gather(len(self.items), ((b, a) for a, b in self.links))

    @cached_property
    def right(self) -> list[list[int]]:
        """For every item its neighbours to the right."""
        return _gather(len(self.items), self.links)

    @cached_property
    def squeeze(self) -> list[float]:
        """For every column the factor ≤ 1 on the sizes of its waypoints."""
        used = [sum(self.items[i].height + 8 for i in layer if not self.items[i].is_node) for layer in self.layers]
        return [min(1.0, COLUMN_SPACE / height) if height else 1.0 for height in used]

    def separation(self, above: int, below: int) -> float:
        """The least distance in px between the centres of two items that follow each other in a column."""
        a, b = self.items[above], self.items[below]
        factor = self.squeeze[a.column]
        half = sum(item.height * (1 if item.is_node else factor) for item in (a, b)) / 2
        if a.is_node and b.is_node:
            return half + self.node_gap
        return half + (11 if a.is_node or b.is_node else 8) * factor


def build_scene(graph: Graph) -> Scene:
    """Columns, sizes and waypoints of a graph. Edges within one column have no chain."""
    columns = assign_columns(graph)
    bundles: dict[Pair, list[int]] = {}
    for edge, pair in enumerate(graph.endpoints):
        bundles.setdefault(pair, []).append(edge)
    heights = _heights(graph, columns.column)
    items = [Item(columns.column[i], heights[i], columns.slot[i], is_node=True) for i in range(len(graph.nodes))]
    crossing = [pair for pair in bundles if columns.column[pair[0]] != columns.column[pair[1]]]
    spans = sum(columns.column[t] - columns.column[s] - 1 for s, t in crossing)
    chains: dict[Pair, tuple[int, ...]] = {}
    for source, target in crossing:
        passed = range(columns.column[source] + 1, columns.column[target]) if spans <= WAYPOINTS_MAX else ()
        thick = PORT_PITCH * (len(bundles[source, target]) - 1) + 2.0
        first = len(items)
        items += [Item(column, thick) for column in passed]
        chains[source, target] = (source, *range(first, len(items)), target)
    gap = 46.0 if len(crossing) < len(bundles) else 26.0
    return Scene(tuple(items), {pair: tuple(edges) for pair, edges in bundles.items()}, chains, gap)


def _heights(graph: Graph, column: Sequence[int]) -> list[float]:
    """Nodes are as high as the more crowded of their sides needs."""
    leaving, arriving = [0] * len(graph.nodes), [0] * len(graph.nodes)
    for source, target in graph.endpoints:
        if column[source] != column[target]:
            leaving[source] += 1
            arriving[target] += 1
    ports = (max(pair) for pair in zip(leaving, arriving, strict=True))
    return [min(NODE_HEIGHT_MAX, max(NODE_HEIGHT, PORT_PITCH * n + 6.0)) for n in ports]


def _gather(count: int, links: Iterable[Pair]) -> list[list[int]]:
    gathered: list[list[int]] = [[] for _ in range(count)]
    for item, other in links:
        gathered[item].append(other)
    return gathered
