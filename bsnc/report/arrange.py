"""The order of items within columns, then their heights: barycentre sweeps over coordinates.

Every sweep wants each item at the mean of its neighbours, sorts a column by what is wanted, and spreads the
items by weighted least squares under least distances. Lanes of a grid are as good as immovable. Follows
Sugiyama, Tagawa and Toda (1981), with coordinates in place of positions.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import accumulate, pairwise

from bsnc.report.scene import Scene
from bsnc.report.straighten import straighten

_SWEEPS = 12
_SWEEPS_LARGE = 2
_LARGE = 4_000
_STRAIGHTENING = 24
_PROVISIONAL_PITCH = 160.0
_LANE_WEIGHT = 1e7


def arrange(scene: Scene) -> tuple[list[list[int]], list[float]]:
    """For every column its items, top to bottom, and for every item the y of its centre in px; the top is 0."""
    order = _order(scene)
    pitch = _lane_pitch(scene, order)
    y = _initial(scene, pitch)
    for layer in order:
        _settle(scene, layer, y, pitch, [scene.left[i] or [i] for i in layer])
    rounds = 4 if len(scene.links) > _LARGE else _STRAIGHTENING
    for step in range(rounds):
        for layer in order if step % 2 else reversed(order):
            _settle(scene, layer, y, pitch, [(scene.left[i] + scene.right[i]) or [i] for i in layer])
    for i, item in enumerate(scene.items):
        y[i] = y[i] if item.slot is None else item.slot * pitch
    straighten(scene, order, y)
    top = min(y[i] - item.height / 2 for i, item in enumerate(scene.items))
    return order, [value - top for value in y]


def spread(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Values nearest to `wanted` (weighted least squares) with value[i + 1] − value[i] ≥ gaps[i].

    Isotonic regression by pooling adjacent violators, O(n).
    """
    offsets = list(accumulate(gaps, initial=0.0))
    pools: list[tuple[float, float, int]] = []
    for want, mass, offset in zip(wanted, weights, offsets, strict=True):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, other_mass, other_count = pools.pop()
            mean = (mean * mass + other * other_mass) / (mass + other_mass)
            mass, count = mass + other_mass, count + other_count
        pools.append((mean, mass, count))
    level = (mean for mean, _, count in pools for _ in range(count))
    return [value + offset for value, offset in zip(level, offsets, strict=True)]


def _initial(scene: Scene, pitch: float) -> list[float]:
    return [0.0 if item.slot is None else item.slot * pitch for item in scene.items]


def _order(scene: Scene) -> list[list[int]]:
    """The order with the fewest crossings that the sweeps came by."""
    order = [sorted(layer, key=lambda i: scene.items[i].slot or 0) for layer in scene.layers]
    y = _initial(scene, _PROVISIONAL_PITCH)
    large = len(scene.links) > _LARGE
    best, fewest = order, float("inf")
    for step in range(_SWEEPS_LARGE if large else _SWEEPS):
        side, columns = (scene.right, reversed(range(len(order)))) if step % 2 else (scene.left, range(len(order)))
        order = list(order)
        for c in columns:
            order[c] = _sort(scene, order[c], y, side)
            _settle(scene, order[c], y, _PROVISIONAL_PITCH, [side[i] or [i] for i in order[c]])
        crossings = 0 if large else _crossings(scene, order)
        if crossings < fewest or large:
            best, fewest = order, crossings
    return best


def _sort(scene: Scene, layer: Sequence[int], y: Sequence[float], side: Sequence[Sequence[int]]) -> list[int]:
    """Sorted by the mean of the neighbours on one side; lanes keep their places."""

    def wanted(i: int) -> float:
        slot = scene.items[i].slot
        if slot is not None:
            return slot * _PROVISIONAL_PITCH
        return sum(y[n] for n in side[i]) / len(side[i]) if side[i] else y[i]

    return sorted(layer, key=wanted)


def _settle(scene: Scene, layer: Sequence[int], y: list[float], pitch: float, pulls: Sequence[Sequence[int]]) -> None:
    """Move the items of a column, in their order, to the weighted mean of the items that pull them."""
    wanted: list[float] = []
    weights: list[float] = []
    for i, pulling in zip(layer, pulls, strict=True):
        item = scene.items[i]
        pull = [_stiffness(scene, i, n) for n in pulling]
        mean = sum(w * y[n] for w, n in zip(pull, pulling, strict=True)) / sum(pull)
        wanted.append(mean if item.slot is None else item.slot * pitch)
        weights.append(sum(pull) if item.slot is None else _LANE_WEIGHT)
    gaps = [scene.separation(a, b) for a, b in pairwise(layer)]
    for i, value in zip(layer, spread(wanted, weights, gaps), strict=True):
        y[i] = value


def _stiffness(scene: Scene, i: int, other: int) -> float:
    """Long edges should be straight most of all (Gansner et al., 1993)."""
    waypoints = 2 - scene.items[i].is_node - scene.items[other].is_node
    return (1.0, 2.0, 30.0)[waypoints]


def _lane_pitch(scene: Scene, order: Sequence[Sequence[int]]) -> float:
    """The least distance between neighbouring lanes at which no column is too tight."""
    pitch = 0.0
    for layer in order:
        offsets = list(accumulate((scene.separation(a, b) for a, b in pairwise(layer)), initial=0.0))
        lanes = [(slot, at) for i, at in zip(layer, offsets, strict=True) if (slot := scene.items[i].slot) is not None]
        for (slot, at), (next_slot, next_at) in pairwise(lanes):
            pitch = max(pitch, (next_at - at) / (next_slot - slot))
    return pitch


def _crossings(scene: Scene, order: Sequence[Sequence[int]]) -> int:
    """Pairs of links between neighbouring columns that cross."""
    position = {item: p for layer in order for p, item in enumerate(layer)}
    total = 0
    for layer in order:
        seen: list[int] = []
        for item in layer:
            ends = sorted(position[n] for n in scene.right[item])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total
