"""Projection onto budgets of any kind, and the range of any cost, each with what is proved of it.

Where the gates give few samples all are looked at. Otherwise integer programs bound what linear costs say: an
architecture that a program proposes and that breaks another limit is cut off, with all that break it for the same
reason (`conflict`), and the program solved again, so that the first one that breaks none is the best there is. Where a
limit is not linear that goes on for MAX_PROPOSALS, each of at most MAX_NODES nodes of the solver's tree; then a local
search takes over from the best start it can find, and the programs bound how far it can be from the best. All is
counted, nothing timed: the same comes out on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Graph
from bsnc.search.architecture import Architecture, LinearBudget, Vector, cost_of_live, live_rows
from bsnc.search.conflict import conflicts
from bsnc.search.costliest import costliest
from bsnc.search.enumeration import FEW, every_sample, sample_count
from bsnc.search.limit import Limit
from bsnc.search.neighbours import Score, climb
from bsnc.search.program import MAX_CUTS, Program, UnsolvedError, cheapest
from bsnc.search.rows import LARGE

MAX_PROPOSALS = 60
MAX_NODES = 3000
LEAST_PROPOSALS, LEAST_NODES = 20, 100
"""For the least of a cost, which `compile` asks of every cost; of a LARGE graph none is solved for that."""


@dataclass(frozen=True)
class Projection:
    """The most probable architecture found that is connected and within every limit; None where none was found.

    `exact`: proved to be the best, or that there is none. Otherwise no better one has a log probability (the sum of
    the logits of its switches) greater by more than `gap`.
    """

    architecture: Architecture | None
    exact: bool
    gap: float = 0.0


@dataclass(frozen=True)
class Extreme:
    """An architecture of extreme cost `value`; none goes beyond `bound`, which equals it where that is proved."""

    architecture: Architecture
    value: float
    bound: float


def project(
    graph: Graph, logits: Vector, limits: Sequence[Limit], few: int = FEW, proposals: int = MAX_PROPOSALS
) -> Projection:
    """Project gates with logits `[S]` onto limits. Up to `few` samples of the gates all are looked at; beyond, programs
    are solved up to `proposals` times before the local search, and for linear limits as often as it takes."""
    if sample_count(graph) <= few:
        return Projection(_best_of_all(graph, logits, limits), exact=True)
    return _by_proposals(graph, logits, limits, proposals)


def least(graph: Graph, limit: Limit, few: int = FEW) -> Extreme:
    """The least cost of a connected architecture; the bound of `limit` plays no part. One must be connected."""
    if limit.is_linear:
        best = _connected(cheapest(graph, limit.below[0]))
        return _proved(best, _cost(limit, best))
    if sample_count(graph) <= few:
        return _extreme_of_all(graph, limit, sign=1.0)
    starts = [_connected(cheapest(graph, budget)) for budget in (*limit.below, _length(graph))]
    lowest = max((cost_of_live(graph, s.live, b) for s, b in zip(starts, limit.below, strict=False)), default=0.0)
    found = [climb(graph, start.switches, _descending(limit, start)) for start in starts]
    best = min(found, key=lambda a: _cost(limit, a))
    return _lowered(graph, limit, Extreme(best, _cost(limit, best), lowest))


def _lowered(graph: Graph, limit: Limit, known: Extreme) -> Extreme:
    """The least cost, or a better bound on it: what costs least by a linear cost below `limit` is proposed, and cut off
    with all that for the same reason costs no less than what is known, until even that linear cost is no less."""
    if not limit.below or len(graph.edges) > LARGE:
        return known
    program = Program(graph)
    measure = replace(limit.below[0], bound=np.inf)
    row = program.cost_row(measure)
    nothing, scale = [0.0] * graph.switch_count, 1e4 / (float(row.max()) or 1.0)
    for _ in range(LEAST_PROPOSALS):
        if known.bound >= known.value:
            break
        try:
            chosen = program.propose(row * scale, (), LEAST_NODES)
        except UnsolvedError:
            break
        if chosen is None:
            return replace(known, bound=known.value)
        value, lowest = _cost(limit, chosen), cost_of_live(graph, chosen.live, measure) - row.max() * 1e-9
        if value < known.value:
            known = replace(known, architecture=chosen, value=value)
        known = replace(known, bound=min(max(known.bound, lowest), known.value))
        for conflict in conflicts(graph, chosen, [replace(limit, bound=np.nextafter(known.value, 0))], nothing):
            program.forbid(conflict.on, conflict.off)
    return known


def most(graph: Graph, limit: Limit, few: int = FEW) -> Extreme:
    """The greatest cost of an architecture; where it is not proved the bound is infinite."""
    if limit.is_linear:
        top = costliest(graph, limit.below[0])
        return _proved(top, _cost(limit, top))
    if sample_count(graph) <= few:
        return _extreme_of_all(graph, limit, sign=-1.0)
    start = costliest(graph, _length(graph))
    if limit.grows and all(gate.kind == "bernoulli" for gate in graph.gates):
        return _proved(start, _cost(limit, start))
    top = climb(graph, start.switches, lambda _, live: limit.count(live))
    return Extreme(top, _cost(limit, top), np.inf)


def _best_of_all(graph: Graph, logits: Vector, limits: Sequence[Limit]) -> Architecture | None:
    rows = every_sample(graph)
    live = live_rows(graph, rows)
    allowed = live.any(1) & np.all([limit.holds(live) for limit in limits], axis=0)
    if not allowed.any():
        return None
    best = int(np.where(allowed, rows @ logits, -np.inf).argmax())
    return Architecture(rows[best], live[best])


def _extreme_of_all(graph: Graph, limit: Limit, sign: float) -> Extreme:
    rows = every_sample(graph)
    live = live_rows(graph, rows)
    costs = np.where(live.any(1), sign * limit.count(live), np.inf)
    best = int(costs.argmin())
    return _proved(Architecture(rows[best], live[best]), sign * float(costs[best]))


def _by_proposals(graph: Graph, logits: Vector, limits: Sequence[Limit], proposals: int) -> Projection:
    program, budgets = Program(graph), [budget for limit in limits for budget in limit.below]
    objective = np.zeros(program.size)
    objective[: len(logits)] = -logits
    proposed = _highest(graph, logits)
    is_linear = all(limit.is_linear for limit in limits)
    for _ in range(MAX_CUTS if is_linear else proposals):
        try:
            chosen = program.propose(objective, budgets, None if is_linear else MAX_NODES)
        except UnsolvedError:
            break
        if chosen is None:
            return Projection(None, exact=True)
        if all(limit.holds(chosen.live[None])[0] for limit in limits):
            return Projection(chosen, exact=True)
        proposed = float(logits @ chosen.switches)
        for conflict in conflicts(graph, chosen, limits, logits.tolist()):
            program.forbid(conflict.on, conflict.off)
    return _by_climbing(graph, logits, limits, proposed)


def _highest(graph: Graph, logits: Vector) -> float:
    """The sum of logits `[S]` where each gate has its likeliest value."""
    pairs = zip(graph.gates, graph.gate_switches, strict=True)
    return float(sum(logits[list(s)].max() if gate.options else max(logits[s.start], 0.0) for gate, s in pairs))


def _by_climbing(graph: Graph, logits: Vector, limits: Sequence[Limit], highest: float) -> Projection:
    """Local search among the architectures within all limits; `highest` is the best log probability there can be."""

    def score(switches: NDArray[np.bool_], live: NDArray[np.bool_]) -> NDArray[np.float64]:
        allowed = live.any(1) & np.all([limit.holds(live) for limit in limits], axis=0)
        return np.where(allowed, switches @ logits, -np.inf)

    found = [climb(graph, start.switches, score) for start in _starts(graph, limits)]
    if not found:
        return Projection(None, exact=False, gap=np.inf)
    best = max(found, key=lambda a: float(logits @ a.switches))
    gap = max(0.0, highest - float(logits @ best.switches))
    return Projection(best, exact=gap == 0.0, gap=gap)


def _starts(graph: Graph, limits: Sequence[Limit]) -> Iterator[Architecture]:
    """Architectures within all limits: the cheapest by one measure or another, mended where they are over one."""
    measures = [budget for limit in limits for budget in limit.below] or [_length(graph)]
    bounded = [budget for budget in measures if np.isfinite(budget.bound)]
    for measure in measures:
        start = cheapest(graph, measure, bounded)
        if start is None:
            continue
        start = climb(graph, start.switches, lambda _, live: -_excess(limits, live))
        if _excess(limits, start.live[None])[0] == 0:
            yield start


def _excess(limits: Sequence[Limit], live: NDArray[np.bool_]) -> NDArray[np.float64]:
    """By how much all limits together are exceeded, each relative to its bound, if that is not 0: 0 just where all
    hold; infinite where nothing is live."""
    parts = [np.maximum(limit.count(live) - limit.bound, 0) / (abs(limit.bound) or 1.0) for limit in limits]
    excess = np.sum(parts, axis=0)
    return np.where(live.any(1), excess, np.inf)


def _descending(limit: Limit, start: Architecture) -> Score:
    """What is cheap is great. Where a cost grows, live edges that hold all those of `start` are not counted."""
    known = -_cost(limit, start)

    def score(_: NDArray[np.bool_], live: NDArray[np.bool_]) -> NDArray[np.float64]:
        no_less = (live | ~start.live).all(1) & limit.grows
        counted = live.any(1) & ~no_less
        scores = np.where(no_less, known, -np.inf)
        scores[counted] = -limit.count(live[counted])
        return scores

    return score


def _length(graph: Graph) -> LinearBudget:
    """The number of live edges."""
    return LinearBudget(np.ones(len(graph.edges)), np.zeros(len(graph.nodes)))


def _cost(limit: Limit, architecture: Architecture) -> float:
    return float(limit.count(architecture.live[None])[0])


def _proved(architecture: Architecture, value: float) -> Extreme:
    return Extreme(architecture, value, value)


def _connected(architecture: Architecture | None) -> Architecture:
    assert architecture is not None, "a checked program has a path from input to output"
    return architecture
