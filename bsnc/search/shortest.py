"""The cheapest architecture without budgets, where it is a path: found without a program, in O(V + E + pairs).

Every connected architecture has a live path from input to output, and costs at least what the path does. So where the
switches of the cheapest path make no other edge live that costs anything, nothing costs less than they do.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Graph, channel_pairs
from bsnc.search.architecture import Architecture, LinearBudget, cost_of_live, live_of

ROUNDING = 1e-12


def cheapest_as_a_path(graph: Graph, objective: LinearBudget) -> Architecture | None:
    """The connected architecture of least cost, where the cheapest path shows that it is; None where it does not."""
    found = _cheapest_path(graph, objective)
    if found is None:
        return None
    path, cost = found
    switches = _switches_with(graph, path, objective)
    if switches is None:
        return None
    chosen = live_of(graph, switches)
    return chosen if cost_of_live(graph, chosen.live, objective) <= cost + ROUNDING * abs(cost) else None


def _cheapest_path(graph: Graph, objective: LinearBudget) -> tuple[list[int], float] | None:
    """The edges of the path from input to output that costs least, and what it costs; None where there is none."""
    together = _pair_weights(graph, objective)
    edge_weights, node_weights = objective.edge_weights.tolist(), objective.node_weights.tolist()
    cost, before = [np.inf] * len(graph.edges), [-1] * len(graph.edges)
    best = [-1] * len(graph.nodes)
    start, end = (graph.node_index[node.name] for node in (graph.input, graph.output))
    for e, (source, target) in enumerate(graph.endpoints):
        if source == start:
            least = 0.0
        elif e in together:
            least, before[e] = min((cost[a] + weight, a) for a, weight in together[e])
        else:
            before[e] = best[source]
            least = cost[before[e]] if before[e] >= 0 else np.inf
        cost[e] = least + edge_weights[e] + node_weights[target]
        if cost[e] < (cost[best[target]] if best[target] >= 0 else np.inf):
            best[target] = e
    return (_traced(before, best[end]), cost[best[end]] + objective.constant) if best[end] >= 0 else None


def _traced(before: list[int], last: int) -> list[int]:
    path: list[int] = []
    while last >= 0:
        path.append(last)
        last = before[last]
    return path[::-1]


def _pair_weights(graph: Graph, objective: LinearBudget) -> dict[int, list[tuple[int, float]]]:
    """Edge → (an edge that arrives at its source, what the two cost together), where that is more than nothing."""
    together: dict[int, list[tuple[int, float]]] = defaultdict(list)
    if objective.pair_weights is not None:
        for (e, arriving), weight in zip(channel_pairs(graph), objective.pair_weights.tolist(), strict=True):
            together[e].append((arriving, weight))
    return together


def _switches_with(graph: Graph, path: list[int], objective: LinearBudget) -> NDArray[np.bool_] | None:
    """A choice of switches `[S]` that keeps a path and little else: of a gate that is not on the path the option whose
    edges cost least; None where the path follows two options of one gate."""
    switches = np.zeros(graph.switch_count, dtype=bool)
    switches[[s for e in path if (s := graph.edge_switches[e]) is not None]] = True
    alone = np.zeros(graph.switch_count)
    for switch, weight in zip(graph.edge_switches, objective.edge_weights, strict=True):
        if switch is not None:
            alone[switch] += weight
    for gate, columns in zip(graph.gates, graph.gate_switches, strict=True):
        on = int(switches[columns.start : columns.stop].sum())
        if gate.kind == "categorical" and on > 1:
            return None
        if gate.kind == "categorical" and not on:
            switches[columns.start + int(alone[columns.start : columns.stop].argmin())] = True
    return switches
