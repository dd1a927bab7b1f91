"""Architectures to measure: distinct, connected, from the cheapest to the costliest."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bsnc.ir import Graph, edges_on_a_path
from bsnc.search import Gates, LinearBudget, cheapest

_PROBABILITIES = (0.3, 0.97)
_GROUPS, _DRAWS = 48, 12
_SPREAD = 1.5
"""Standard deviation of the logits of a group around their mean: architectures of a late search prefer some gates."""


def spread_architectures(graph: Graph, seconds: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Live edges `[N, E]` of at most `count` architectures, by growing cost where an edge costs `seconds` `[E]`.

    Gates are drawn at probabilities from a spread, and of what comes out those are taken that lie evenly over the
    logarithms of cost; the cheapest is among them, and the costliest that is known. The same on every call.
    """
    live = _candidates(graph, seconds)
    costs = live @ seconds
    order = np.argsort(costs, kind="stable")
    live, costs = live[order], np.log(costs[order] + 1e-9)
    if len(live) <= count:
        return live
    chosen: list[int] = []
    free = np.ones(len(live), dtype=bool)
    for target in _ends_first(np.linspace(costs[0], costs[-1], count)):
        distance = np.where(free, np.abs(costs - target), np.inf)
        chosen.append(int(distance.argmin()))
        free[chosen[-1]] = False
    return live[sorted(chosen)]


def _ends_first(values: NDArray[np.float64]) -> list[float]:
    inner = values[1:-1].tolist()
    return [float(values[0]), *([float(values[-1])] if len(values) > 1 else []), *inner]


def _candidates(graph: Graph, seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
    generator = torch.Generator().manual_seed(0)
    rows = [_cheapest(graph, seconds)]
    if all(gate.kind == "bernoulli" for gate in graph.gates):
        rows.append(np.array(edges_on_a_path(graph)))
    for p in np.linspace(*_PROBABILITIES, _GROUPS if graph.gates else 0):
        gates = Gates(graph, float(p))
        gates.logits += _SPREAD * torch.randn(len(gates.logits), generator=generator)
        rows += list(gates.sample(_DRAWS, generator).live.numpy())
    return np.unique(np.stack(rows), axis=0)


def _cheapest(graph: Graph, seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
    best = cheapest(graph, LinearBudget(seconds * 1e6, np.zeros(len(graph.nodes))))
    assert best is not None, "a checked program has a path from input to output"
    return best.live
