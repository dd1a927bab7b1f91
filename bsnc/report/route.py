"""From an arrangement to curves: ports on the sides of the boxes, and the pieces between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Literal

from bsnc.report.curves import Cubic, Point, arc, rightward, straight
from bsnc.report.scene import Pair, Scene
from bsnc.report.theme import ARROW_LENGTH, PORT_PITCH

Side = Literal["left", "right", "top", "bottom"]
_FAR = 1e9


@dataclass(frozen=True)
class Box:
    """A rectangle in px; `y` is its centre."""

    left: float
    right: float
    y: float
    height: float


@dataclass(frozen=True)
class Path:
    """Curves of one edge up to the foot of its arrow head, whose tip and direction follow."""

    pieces: tuple[Cubic, ...]
    tip: Point
    direction: Point


@dataclass(frozen=True)
class Frame:
    """A scene with coordinates: the order and the y of its items, left and right edge of its columns."""

    scene: Scene
    order: list[list[int]]
    y: list[float]
    columns: list[tuple[float, float]]

    @cached_property
    def rank(self) -> dict[int, int]:
        """For every node its position among the nodes of its column."""
        nodes = ([i for i in layer if self.scene.items[i].is_node] for layer in self.order)
        return {i: position for layer in nodes for position, i in enumerate(layer)}

    def box(self, i: int) -> Box:
        """Where an item stands."""
        item = self.scene.items[i]
        return Box(*self.columns[item.column], self.y[i], item.height)


@dataclass
class _Ports:
    """Ends of edges on one side of a node: sort key, edge, whether it arrives there."""

    ends: list[tuple[tuple[float, int], int, bool]] = field(default_factory=list[tuple[tuple[float, int], int, bool]])

    def spread(self, middle: float, room: float, pitch: float) -> dict[tuple[int, bool], float]:
        """(edge, whether it arrives) → coordinate along the side."""
        ends = sorted(self.ends)
        step = min(pitch, room / max(1, len(ends) - 1))
        first = middle - step * (len(ends) - 1) / 2
        return {(edge, arrives): first + step * i for i, (_, edge, arrives) in enumerate(ends)}


def route_edges(frame: Frame, endpoints: Sequence[Pair]) -> list[Path]:
    """The curves of every edge, in the order of `endpoints`."""
    ports = _ports(frame)
    found: dict[int, Path] = {}
    for pair, edges in frame.scene.bundles.items():
        for place, edge in enumerate(edges):
            off_centre = place - (len(edges) - 1) / 2
            found[edge] = _path(frame, pair, edge, off_centre, ports)
    return [found[edge] for edge in range(len(endpoints))]


def _path(frame: Frame, pair: Pair, edge: int, off_centre: float, ports: dict[tuple[int, bool], float]) -> Path:
    out, into = ports[edge, False], ports[edge, True]
    kind = _kind(frame, pair)
    if kind == "chain":
        return _across(frame, frame.scene.chains[pair], off_centre, out, into)
    source, target = (frame.box(i) for i in pair)
    down = 1 if target.y > source.y else -1
    if kind == "bow":
        outer = len(frame.scene.bundles[pair]) / 2 - 0.5 - off_centre
        return _bow(source, out, into, bow_reach(target.y - source.y, outer))
    start, end = source.y + down * source.height / 2, target.y - down * target.height / 2
    foot = (into, end - down * ARROW_LENGTH)
    bulge = 0.3 * (out - (source.left + source.right) / 2)
    third = (foot[1] - start) / 3
    piece = Cubic((out, start), (out + bulge, start + third), (into + bulge, foot[1] - third), foot)
    return Path((piece,), (into, end), (0.0, float(down)))


def bow_reach(distance: float, outer: float) -> float:
    """How far in px a bow pulls to the right; `outer` is the number of parallel bows within it."""
    return 20 + 0.26 * min(400.0, abs(distance)) + PORT_PITCH / 0.75 * outer


def _bow(box: Box, out: float, into: float, reach: float) -> Path:
    """Around the nodes between, on the right."""
    x = box.right
    foot = (x + ARROW_LENGTH, into)
    return Path((Cubic((x, out), (x + reach, out), (x + reach, into), foot),), (x, into), (-1.0, 0.0))


def _across(frame: Frame, chain: Sequence[int], off_centre: float, out: float, into: float) -> Path:
    """Level through the columns that it passes, an S between them."""
    tip = (frame.box(chain[-1]).left, into)
    stops: list[Point] = [(frame.box(chain[0]).right, out)]
    for i in chain[1:-1]:
        box = frame.box(i)
        level = box.y + off_centre * PORT_PITCH * frame.scene.squeeze[frame.scene.items[i].column]
        stops += [(box.left, level), (box.right, level)]
    stops.append((tip[0] - ARROW_LENGTH, into))
    if len(stops) == 2 and frame.scene.items[chain[-1]].column > frame.scene.items[chain[0]].column + 1:
        return Path((arc(*stops, upward=chain[0] % 2 == 0),), tip, (1.0, 0.0))
    curves = [rightward(a, b) if i % 2 == 0 else straight(a, b) for i, (a, b) in enumerate(pairwise(stops))]
    return Path(tuple(curves), tip, (1.0, 0.0))


def _kind(frame: Frame, pair: Pair) -> Literal["chain", "vertical", "bow"]:
    if pair in frame.scene.chains:
        return "chain"
    return "vertical" if abs(frame.rank[pair[0]] - frame.rank[pair[1]]) == 1 else "bow"


def _ports(frame: Frame) -> dict[tuple[int, bool], float]:
    """(edge, whether it arrives) → coordinate along the side of the node where it ends."""
    sides: dict[tuple[int, Side], _Ports] = {}
    for pair, edges in frame.scene.bundles.items():
        for arrives in (False, True):
            node, (side, key) = pair[arrives], _end(frame, pair, arrives)
            ports = sides.setdefault((node, side), _Ports())
            ports.ends += [((key, -edge if key < -_FAR / 2 else edge), edge, arrives) for edge in edges]
    found: dict[tuple[int, bool], float] = {}
    for (node, side), ports in sides.items():
        box = frame.box(node)
        if side in ("left", "right"):
            found |= ports.spread(box.y, box.height - 12, PORT_PITCH)
        else:
            found |= ports.spread((box.left + box.right) / 2, box.right - box.left - 16, 16)
    return found


def _end(frame: Frame, pair: Pair, arrives: bool) -> tuple[Side, float]:
    """The side on which an end stands, and the key by which ends on that side are sorted."""
    node, other = (pair[1], pair[0]) if arrives else pair
    kind = _kind(frame, pair)
    if kind == "chain":
        chain = frame.scene.chains[pair]
        return ("left", frame.y[chain[-2]]) if arrives else ("right", frame.y[chain[1]])
    below = frame.y[other] > frame.y[node]
    if kind == "vertical":
        return ("bottom" if below else "top"), 0.0
    distance = abs(frame.y[other] - frame.y[node])
    return "right", (1 if below else -1) * (_FAR - distance)
