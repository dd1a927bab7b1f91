"""Where the gate marks stand: near the middle of their edges, clear of one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import dist, inf

from bsnc.report.curves import Cubic, Point
from bsnc.report.theme import GATE_RADIUS

_CLEAR = 2 * GATE_RADIUS + 3.4
_ALONG = (0.4, 0.56, 0.28, 0.7, 0.48, 0.18, 0.62, 0.34)
_PIECES = 3
_CAREFUL_MAX = 4_000
_CROWD = 6


def place_marks(paths: Sequence[Sequence[Cubic]]) -> list[Point]:
    """For every path its first candidate that is clear of earlier marks, or else the clearest. O(paths)."""
    if len(paths) > _CAREFUL_MAX:
        return [next(_candidates(path)) for path in paths]
    cells: dict[tuple[int, int], list[Point]] = {}
    marks: list[Point] = []
    for path in paths:
        mark = _clearest(path, cells)
        cell = cells.setdefault(_cell(mark), [])
        if len(cell) < _CROWD:
            cell.append(mark)
        marks.append(mark)
    return marks


def _clearest(path: Sequence[Cubic], cells: dict[tuple[int, int], list[Point]]) -> Point:
    best, widest = path[0].start, -1.0
    for point in _candidates(path):
        clear = _clearance(point, cells)
        if clear >= _CLEAR:
            return point
        if clear > widest:
            best, widest = point, clear
    return best


def _candidates(path: Sequence[Cubic]) -> Iterator[Point]:
    """Points of the pieces between columns, the middle ones first; every other piece passes a column."""
    between = path[::2]
    middle = (len(between) - 1) / 2
    for i in sorted(range(len(between)), key=lambda i: abs(i - middle))[:_PIECES]:
        for t in _ALONG:
            yield between[i].at(t)


def _cell(point: Point) -> tuple[int, int]:
    return int(point[0] // _CLEAR), int(point[1] // _CLEAR)


def _clearance(point: Point, cells: dict[tuple[int, int], list[Point]]) -> float:
    """Distance in px to the nearest mark in the neighbouring cells."""
    column, row = _cell(point)
    near = ((column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
    return min((dist(point, mark) for cell in near for mark in cells.get(cell, ())), default=inf)
