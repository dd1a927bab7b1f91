"""Nodes that hold just the rows of a batch in which they are live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsnc.ir import Graph

Places = Sequence[Tensor | None]


@dataclass(frozen=True)
class CompactRows:
    """`sizes`: how many rows each node holds, all of them where it is input or output. For each edge the places, in its
    source, of the rows that it takes, and, in its target, of those that it gives: int64, None for all in order."""

    sizes: Sequence[int]
    taken: Places
    given: Places


def compact_rows(graph: Graph, live: NDArray[np.bool_], device: torch.device) -> CompactRows:
    """Of live edges `[B, E]`. The places reach the device in one piece."""
    sources, targets = np.array(graph.endpoints).reshape(-1, 2).T
    holds = _live_nodes(graph, live.T, sources, targets)
    place = holds.cumsum(1) - 1
    edges, rows = live.T.nonzero()
    counts, sizes = live.sum(0), holds.sum(1)
    ends = np.stack([sources, targets])
    places = torch.from_numpy(np.concatenate([place[end[edges], rows] for end in ends])).to(device)
    parts = iter(places.split([*counts.tolist(), *counts.tolist()]))
    taken, given = ([_unless(counts[e] == sizes[end[e]], next(parts)) for e in range(len(counts))] for end in ends)
    return CompactRows(sizes.tolist(), taken, given)


def _live_nodes(
    graph: Graph, live: NDArray[np.bool_], sources: NDArray[np.int64], targets: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """`[E, B]` → `[V, B]`."""
    holds = np.zeros((len(graph.nodes), live.shape[1]), dtype=bool)
    for ends in (sources, targets):
        np.logical_or.at(holds, ends, live)
    for node in (graph.input, graph.output):
        holds[graph.node_index[node.name]] = True
    return holds


def _unless(all_of_them: bool, places: Tensor) -> Tensor | None:
    return None if all_of_them else places
