"""Take the small jogs out of long edges, once everything else stands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import fmean

from bsnc.report.scene import Scene

_ROUNDS = 3


def straighten(scene: Scene, order: Sequence[Sequence[int]], y: list[float]) -> None:
    """Level as long runs of waypoints of one chain as their neighbours allow; changes `y`. Orders stay."""
    above, below = _neighbours(order)
    for _ in range(_ROUNDS):
        for chain in scene.chains.values():
            for run, low, high in _runs(scene, chain, y, above, below):
                level = min(high, max(low, _wanted(scene, run, y)))
                for i in run:
                    y[i] = level


def _neighbours(order: Sequence[Sequence[int]]) -> tuple[dict[int, int], dict[int, int]]:
    """For every item the one above and the one below in its column."""
    below = {a: b for layer in order for a, b in pairwise(layer)}
    return {b: a for a, b in below.items()}, below


def _runs(
    scene: Scene, chain: Sequence[int], y: Sequence[float], above: dict[int, int], below: dict[int, int]
) -> list[tuple[list[int], float, float]]:
    """Successive waypoints of a chain that can share one level, with the bounds of that level."""
    runs: list[tuple[list[int], float, float]] = []
    for i in chain[1:-1]:
        low = y[above[i]] + scene.separation(above[i], i) if i in above else -inf
        high = y[below[i]] - scene.separation(i, below[i]) if i in below else inf
        if not runs or max(runs[-1][1], low) > min(runs[-1][2], high):
            runs.append(([i], min(low, y[i]), max(high, y[i])))
            continue
        run, run_low, run_high = runs[-1]
        run.append(i)
        runs[-1] = (run, max(run_low, low), min(run_high, high))
    return runs


def _wanted(scene: Scene, run: Sequence[int], y: Sequence[float]) -> float:
    """Half way from the mean of the run to the mean of the items at its two ends."""
    ends = [*scene.left[run[0]], *scene.right[run[-1]]]
    return (fmean(y[i] for i in run) + fmean(y[i] for i in ends)) / 2
