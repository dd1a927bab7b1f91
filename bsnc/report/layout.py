"""A drawing without colours: a box for every node, a route for every edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bsnc.ir import Graph, Node
from bsnc.report.arrange import arrange
from bsnc.report.curves import Cubic, Point
from bsnc.report.marks import place_marks
from bsnc.report.route import Box, Frame, bow_reach, route_edges
from bsnc.report.scene import Scene, build_scene
from bsnc.report.theme import (
    ARROW_LENGTH,
    NAME_LENGTH_MAX,
    NAME_SIZE,
    NODE_WIDTH_MIN,
    SHAPE_SIZE,
    shorten,
    text_width,
)


@dataclass(frozen=True)
class Label:
    """What a node's box says: its name, shortened, and its shape, `64×32×32`."""

    name: str
    shape: str


@dataclass(frozen=True)
class Route:
    """An edge: curves up to the foot of the arrow head, its tip and direction, and the place for a gate mark."""

    pieces: tuple[Cubic, ...]
    tip: Point
    direction: Point
    mark: Point


@dataclass(frozen=True)
class Layout:
    """Boxes and labels in the order of the nodes, routes in that of the edges; in px from (0, top) on."""

    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]
    routes: tuple[Route, ...]
    top: float
    width: float
    height: float


def lay_out(graph: Graph) -> Layout:
    """Deterministic; linear in edges and waypoints, up to sorting."""
    labels = [_label(node) for node in graph.nodes]
    scene = build_scene(graph)
    order, y = arrange(scene)
    frame = _frame(scene, labels, order, y)
    boxes = [frame.box(i) for i in range(len(graph.nodes))]
    paths = route_edges(frame, graph.endpoints)
    marks = place_marks([path.pieces for path in paths])
    routes = [Route(path.pieces, path.tip, path.direction, m) for path, m in zip(paths, marks, strict=True)]
    return Layout(tuple(boxes), tuple(labels), tuple(routes), *_extent(boxes, routes))


def _label(node: Node) -> Label:
    return Label(shorten(node.name, NAME_LENGTH_MAX), "×".join(map(str, node.shape)) or "scalar")


def _label_width(label: Label) -> float:
    wide = max(text_width(label.name, NAME_SIZE, bold=True), text_width(label.shape, SHAPE_SIZE))
    return max(NODE_WIDTH_MIN, wide + 14)


def _frame(scene: Scene, labels: Sequence[Label], order: list[list[int]], y: list[float]) -> Frame:
    """Columns as wide as their widest label; channels between them wider where edges are steep or many."""
    edges: list[tuple[float, float]] = []
    at = 0.0
    channels = _channels(scene, y)
    for layer, channel in zip(order, channels, strict=True):
        width = max((_label_width(labels[i]) for i in layer if scene.items[i].is_node), default=4.0)
        edges.append((at, at + width))
        at += width + channel
    return Frame(scene, order, y, edges)


def _channels(scene: Scene, y: Sequence[float]) -> list[float]:
    """The width to the right of every column."""
    steepest = [0.0] * len(scene.layers)
    crowd = [0] * len(scene.layers)
    for source, target in scene.links:
        column = scene.items[source].column
        crowd[column] += 1
        steepest[column] = max(steepest[column], abs(y[source] - y[target]))
    bowed = [0.0] * len(scene.layers)
    for (source, target), edges in scene.bundles.items():
        column = scene.items[source].column
        if column == scene.items[target].column:
            bowed[column] = max(bowed[column], 0.6 * bow_reach(y[target] - y[source], len(edges) - 1))
    return [
        min(230.0, max(52.0, 44 + 0.22 * steep + 1.2 * min(many, 40), 30 + 0.62 * steep)) + ARROW_LENGTH + bow
        for steep, many, bow in zip(steepest, crowd, bowed, strict=True)
    ]


def _extent(boxes: Sequence[Box], routes: Sequence[Route]) -> tuple[float, float, float]:
    """Top, width and height of everything."""
    pieces = [piece for route in routes for piece in route.pieces]
    sides = [piece.bounds(1) for piece in pieces] + [(b.y - b.height / 2, b.y + b.height / 2) for b in boxes]
    right = max([box.right for box in boxes] + [piece.bounds(0)[1] for piece in pieces])
    top, bottom = min(low for low, _ in sides), max(high for _, high in sides)
    return top, right, bottom - top
