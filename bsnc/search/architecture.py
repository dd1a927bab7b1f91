"""Architectures, and costs that are linear in what is live of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Graph, channel_pairs, live_edges

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class LinearBudget:
    """edge_weights · live edges + node_weights · live nodes + pair_weights · pairs of live edges + constant ≤ bound.

    Weights are ≥ 0. The pairs are those of `channel_pairs`; without `pair_weights` they cost nothing.
    """

    edge_weights: Vector
    node_weights: Vector
    bound: float = np.inf
    pair_weights: Vector | None = None
    constant: float = 0.0


@dataclass(frozen=True)
class Architecture:
    """One deterministic choice of switches `[S]`, and the edges `[E]` that it makes live."""

    switches: NDArray[np.bool_]
    live: NDArray[np.bool_]


def masks_of(graph: Graph, switches: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Switches `[N, S]` → masks `[N, E]`: fixed edges are always kept."""
    with_fixed = np.concatenate([switches, np.ones((len(switches), 1), dtype=bool)], axis=1)
    return with_fixed[:, [graph.switch_count if s is None else s for s in graph.edge_switches]]


def live_rows(graph: Graph, switches: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Switches `[N, S]` → live edges `[N, E]`."""
    return live_edges(graph, masks_of(graph, switches))


def live_of(graph: Graph, switches: NDArray[np.bool_]) -> Architecture:
    """The architecture of a choice of switches `[S]`."""
    return Architecture(switches, live_rows(graph, switches[None])[0])


def switches_of(graph: Graph, live: NDArray[np.bool_]) -> list[int]:
    """The switches of live edges `[E]`. Every choice that has them on makes these edges live, and perhaps more."""
    return sorted({s for e in np.flatnonzero(live) if (s := graph.edge_switches[e]) is not None})


def cost_of_live(graph: Graph, live: NDArray[np.bool_], budget: LinearBudget) -> float:
    """The cost of live edges `[E]` and of the nodes at which they arrive; 0 where there are none."""
    nodes = np.zeros(len(graph.nodes))
    nodes[[target for e, (_, target) in enumerate(graph.endpoints) if live[e]]] = 1
    cost = budget.edge_weights @ live.astype(float) + budget.node_weights @ nodes + budget.constant * bool(live.any())
    if budget.pair_weights is not None:
        cost += budget.pair_weights @ np.array([live[i] and live[j] for i, j in channel_pairs(graph)], dtype=float)
    return float(cost)
