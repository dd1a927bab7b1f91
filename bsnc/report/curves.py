"""Cubic curves: points on them, their SVG path data, arrow heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bsnc.report.theme import ARROW_LENGTH, ARROW_WIDTH, GATED_WIDTH, number

Point = tuple[float, float]


class Cubic(NamedTuple):
    """A Bézier curve from `start` to `end`, in px."""

    start: Point
    first: Point
    second: Point
    end: Point

    def bounds(self, axis: int) -> tuple[float, float]:
        """A range of x (axis 0) or y (1) that holds the curve: controls pull by 3t(1 − t) ≤ 3/4."""
        ends, controls = (self.start[axis], self.end[axis]), (self.first[axis], self.second[axis])
        low, high = min(ends), max(ends)
        return min(low, low + 0.75 * (min(controls) - low)), max(high, high + 0.75 * (max(controls) - high))

    def at(self, t: float) -> Point:
        """The point at parameter t, 0 ≤ t ≤ 1."""
        u = 1 - t
        weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
        x, y = (sum(w * point[axis] for w, point in zip(weights, self, strict=True)) for axis in (0, 1))
        return x, y


def rightward(start: Point, end: Point) -> Cubic:
    """Leaves and arrives horizontally."""
    reach = (end[0] - start[0]) / 2
    return Cubic(start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end)


def arc(start: Point, end: Point, *, upward: bool) -> Cubic:
    """Leaves and arrives at a slant, higher or lower between the longer it is."""
    width = end[0] - start[0]
    lift = min(800.0, 0.2 * width) * (-1 if upward else 1)
    return Cubic(start, (start[0] + width / 5, start[1] + lift), (end[0] - width / 5, end[1] + lift), end)


def straight(start: Point, end: Point) -> Cubic:
    """A line."""
    (x, y), (u, v) = start, end
    return Cubic(start, (x + (u - x) / 3, y + (v - y) / 3), (u - (u - x) / 3, v - (v - y) / 3), end)


def path_data(pieces: Sequence[Cubic]) -> str:
    """SVG path data of curves that follow one another; level lines are short."""
    words = [f"M{_pair(pieces[0].start)}"]
    for piece in pieces:
        if len({number(y) for _, y in piece}) == 1:
            words.append(f"H{number(piece.end[0])}")
        else:
            words.append("C" + " ".join(_pair(point) for point in piece[1:]))
    return "".join(words)


def arrow_data(tip: Point, direction: Point, width: float) -> str:
    """SVG path data of the head of a line of this width; `direction` is a unit vector along an axis."""
    (x, y), (dx, dy) = tip, direction
    back = (x - ARROW_LENGTH * dx, y - ARROW_LENGTH * dy)
    half = ARROW_WIDTH / 2 + max(0.0, width - GATED_WIDTH) * 0.7
    sides = ((back[0] - half * dy, back[1] - half * dx), (back[0] + half * dy, back[1] + half * dx))
    return f"M{_pair(tip)}L{_pair(sides[0])} {_pair(sides[1])}z"


def _pair(point: Point) -> str:
    return f"{number(point[0])},{number(point[1])}"
