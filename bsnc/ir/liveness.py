"""Which edges are live: kept by a mask and on a path from input to output through kept edges.

The masks of a batch are held as one big integer per edge, bit b for example b, so that one pass over the edges
serves the whole batch. Two passes, O(V + E) operations on integers of B bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from bsnc.ir.graph import Graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEVER = -1.0
"""The relaxed mask, in all rows of a batch, of an edge that no sample keeps: it does not even run for a gradient."""


def live_bits(graph: Graph, kept: Sequence[int], everyone: int) -> list[int]:
    """For each edge the set of examples in which it is live, given the sets in which it is kept.

    `everyone` is the set of all examples, e.g. `(1 << B) - 1`.
    """
    reached = reached_bits(graph, kept, everyone)
    needed = [0] * len(graph.nodes)
    needed[graph.node_index[graph.output.name]] = everyone
    live = [0] * len(graph.edges)
    for i in range(len(graph.edges) - 1, -1, -1):
        source, target = graph.endpoints[i]
        useful = kept[i] & needed[target]
        needed[source] |= useful
        live[i] = useful & reached[i]
    return live


def reached_bits(graph: Graph, kept: Sequence[int], everyone: int) -> list[int]:
    """For each edge the set of examples in which its source is reached from the input through kept edges."""
    reached = [0] * len(graph.nodes)
    reached[graph.node_index[graph.input.name]] = everyone
    for i, (source, target) in enumerate(graph.endpoints):
        reached[target] |= kept[i] & reached[source]
    return [reached[source] for source, _ in graph.endpoints]


def live_edges(graph: Graph, masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Masks `[B, E]` → live edges `[B, E]`, both boolean. A row without any live edge is inconsistent."""
    return _by_bits(live_bits, graph, masks)


def reached_edges(graph: Graph, masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Masks `[B, E]` → edges, kept or not, whose source is reached from the input through kept ones, `[B, E]`."""
    return _by_bits(reached_bits, graph, masks)


def _by_bits(
    find: Callable[[Graph, Sequence[int], int], list[int]], graph: Graph, masks: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    import numpy as np

    batch, edges = masks.shape
    assert edges == len(graph.edges), f"masks have {edges} columns, the graph has {len(graph.edges)} edges"
    packed = np.packbits(masks.T, axis=1, bitorder="little")
    kept = [int.from_bytes(row.tobytes(), "little") for row in packed]
    width = packed.shape[1]
    found = find(graph, kept, (1 << batch) - 1)
    raw = b"".join(bits.to_bytes(width, "little") for bits in found)
    columns = np.frombuffer(raw, dtype=np.uint8).reshape(edges, width)
    return np.unpackbits(columns, axis=1, count=batch, bitorder="little").T.astype(bool)


def edges_on_a_path(graph: Graph) -> list[bool]:
    """For each edge, whether any path from input to output passes it."""
    return [bool(bits) for bits in live_bits(graph, [1] * len(graph.edges), 1)]


def forced_edges(graph: Graph) -> list[str]:
    """Names of edges that are live in every architecture: those without which nothing is connected, and fixed ones on
    paths of fixed edges between nodes without which nothing is."""
    useful = edges_on_a_path(graph)
    bridges, reached = _passed_by_every_path(graph, useful)
    needed = list(reached)
    fixed = [(i, *graph.endpoints[i]) for i, edge in enumerate(graph.edges) if edge.gate is None]
    for _, source, target in fixed:
        reached[target] |= reached[source]
    for _, source, target in reversed(fixed):
        needed[source] |= needed[target]
    always = {i for i, source, target in fixed if reached[source] and needed[target]}
    return [edge.name for i, edge in enumerate(graph.edges) if i in always or bridges[i]]


def _passed_by_every_path(graph: Graph, useful: Sequence[bool]) -> tuple[list[bool], list[bool]]:
    """The edges `[E]` and the nodes `[V]` that every path from input to output passes; `useful` `[E]` are on some path.

    Every path crosses each gap between neighbours in the topological order, and goes through each node or over it. So
    it passes the only useful edge that crosses a gap, and a node that no useful edge goes over. There are no others:
    what every path passes stands behind all that leads to it and before all that it leads to.
    """
    places = _places(graph, useful)
    across, over = [0] * (len(places) + 1), [0] * (len(places) + 1)
    spans = [(places[s], places[t]) if on else (0, 0) for (s, t), on in zip(graph.endpoints, useful, strict=True)]
    for first, last in spans:
        across[first] += 1
        across[last] -= 1
        over[min(first + 1, last)] += 1
        over[last] -= 1
    across, over = list(accumulate(across)), list(accumulate(over))
    nothing = not any(useful)
    edges = [nothing or (last == first + 1 and across[first] == 1) for first, last in spans]
    nodes = [nothing or (v in places and not over[places[v]]) for v in range(len(graph.nodes))]
    return edges, nodes


def _places(graph: Graph, useful: Sequence[bool]) -> dict[int, int]:
    """The nodes of edges that are `useful` `[E]`, numbered in the topological order of the graph."""
    met = {v for ends, on in zip(graph.endpoints, useful, strict=True) if on for v in ends}
    return {v: place for place, v in enumerate(sorted(met))}
