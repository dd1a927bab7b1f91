"""A graph as pixels, for tools that show no SVG: its edges as strong as their gates are likely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Graph
from bsnc.report.curves import Point
from bsnc.report.layout import Label, Route, lay_out
from bsnc.report.looks import Look, Probabilities, choose_looks
from bsnc.report.route import Box
from bsnc.report.theme import FAINT_INK, INK, MARGIN, NAME_SIZE, SHAPE_SIZE

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

MOST_PIXELS = 2_000
"""Of the longer side: a larger picture is drawn smaller."""
_POINTS = 12
"""Of a curve."""
_SPELLED = {ord("×"): "x", ord("…"): "..."}
"""Pillow's own font lacks these."""


class Painter:
    """Paints one graph again and again; its layout is made once. Needs Pillow."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._layout = graph, lay_out(graph)
        width, height = self._layout.width + 2 * MARGIN, self._layout.height + 2 * MARGIN
        self._scale = min(1.0, MOST_PIXELS / max(width, height))
        self._size = (round(width * self._scale), round(height * self._scale))

    def paint(self, probabilities: Probabilities) -> NDArray[np.uint8]:
        """Pixels `[H, W, 3]`. The same arguments give the same pixels. Raises ValueError as `draw_graph`."""
        from PIL import Image, ImageDraw

        image = Image.new("RGB", self._size, "white")
        draw = ImageDraw.Draw(image)
        looks = choose_looks(self._graph, probabilities=probabilities).edges
        for look, route in sorted(zip(looks, self._layout.routes, strict=True), key=lambda pair: pair[0].opacity):
            self._edge(draw, route, look)
        for box, label in zip(self._layout.boxes, self._layout.labels, strict=True):
            self._node(draw, box, label)
        return np.asarray(image)

    def _edge(self, draw: ImageDraw, route: Route, look: Look) -> None:
        points = [piece.at(step / _POINTS) for piece in route.pieces for step in range(_POINTS + 1)]
        width = max(1, round(look.width * self._scale))
        draw.line([self._at(point) for point in [*points, route.tip]], fill=_over_white(look), width=width)

    def _node(self, draw: ImageDraw, box: Box, label: Label) -> None:
        from PIL import ImageFont

        corners = [self._at((box.left, box.y - box.height / 2)), self._at((box.right, box.y + box.height / 2))]
        draw.rounded_rectangle(corners, 6 * self._scale, fill="#f8fafc", outline=FAINT_INK)
        middle = (box.left + box.right) / 2
        rows = ((label.name, NAME_SIZE, -6.0, INK), (label.shape, SHAPE_SIZE, 8.0, FAINT_INK))
        for text, size, below, colour in rows:
            font = ImageFont.load_default(max(1.0, size * self._scale))
            draw.text(self._at((middle, box.y + below)), text.translate(_SPELLED), fill=colour, font=font, anchor="mm")

    def _at(self, point: Point) -> Point:
        x, y = point
        return (x + MARGIN) * self._scale, (y - self._layout.top + MARGIN) * self._scale


def _over_white(look: Look) -> tuple[int, ...]:
    channels = (int(look.colour[i : i + 2], 16) for i in (1, 3, 5))
    return tuple(round(255 - (255 - channel) * look.opacity) for channel in channels)
