"""SVG elements of boxes and edges. No ids and no style sheets: several pictures may share one HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from bsnc.ir import Edge, Graph, Node, module_text, shape_text
from bsnc.report.curves import Point, arrow_data, path_data
from bsnc.report.layout import Label, Layout, Route
from bsnc.report.looks import Look, Looks, Probabilities, distinct, gate_text
from bsnc.report.route import Box
from bsnc.report.theme import (
    FAINT_INK,
    GATE_RADIUS,
    INK,
    NAME_SIZE,
    PALE,
    SHAPE_SIZE,
    number,
    xml_text,
)

DETAILED_EDGES_MAX = 2_000
"""Up to here every edge is an element with a tooltip; beyond, edges that look alike share one path."""

_BOXES = {"input": ("#e3f4e6", "#2b8a3e"), "hidden": ("#f8fafc", "#64748b"), "output": ("#fff0dd", "#c05a00")}


def edge_elements(graph: Graph, layout: Layout, looks: Looks, probabilities: Probabilities | None) -> list[str]:
    """All edges, grouped by look."""
    members: dict[Look, list[int]] = {}
    for i, look in enumerate(looks.edges):
        members.setdefault(look, []).append(i)
    lines: list[str] = []
    for look in distinct(looks.edges):
        lines.append(f'<g class="edges" {stroke_attributes(look)}>')
        if len(graph.edges) > DETAILED_EDGES_MAX:
            lines += _merged([layout.routes[i] for i in members[look]], look)
        else:
            lines += [
                _edge(graph.edges[i], layout.routes[i], look, gate_text(graph, graph.edges[i], probabilities))
                for i in members[look]
            ]
        lines.append("</g>")
    return lines


def stroke_attributes(look: Look) -> str:
    """Attributes of a group of edges."""
    opacity = "" if look.opacity == 1 else f' opacity="{look.opacity}"'
    return f'fill="none" stroke="{look.colour}" stroke-width="{look.width}"{opacity}'


def line_element(look: Look, data: str) -> str:
    """The line of an edge; colour and width come from the group."""
    dashes = ' stroke-dasharray="4 3"' if look.dashed else ""
    return f'<path d="{data}"{dashes}/>'


def arrow_element(look: Look, data: str) -> str:
    """The head of an arrow."""
    return f'<path d="{data}" fill="{look.colour}" stroke="none"/>'


def mark_element(look: Look, at: Point) -> str:
    """A circle for a gate of one edge, a diamond for a gate that several share; the fill tells p."""
    tint = f'fill="{_tint(look.colour, look.fill)}" stroke-width="1.3"'
    x, y = at
    if look.mark == "own":
        return f'<circle cx="{number(x)}" cy="{number(y)}" r="{GATE_RADIUS}" {tint}/>'
    r = GATE_RADIUS + 1
    corners = f"M{number(x)},{number(y - r)}l{r},{r} {-r},{r} {-r},{-r}z"
    return f'<path d="{corners}" {tint}/>'


def node_element(node: Node, box: Box, label: Label, live: bool) -> str:
    """A rounded box with a name and a shape, pale where no live edge touches it."""
    fill, stroke = _BOXES[node.kind]
    dead = ' stroke-dasharray="4 3"'
    paint = f'fill="{fill}" stroke="{stroke}"' if live else f'fill="#ffffff" stroke="{PALE}"{dead}'
    radius = 6 if node.kind == "hidden" else 13
    x = number((box.left + box.right) / 2)
    place = (
        f'x="{number(box.left)}" y="{number(box.y - box.height / 2)}"'
        f' width="{number(box.right - box.left)}" height="{number(box.height)}"'
    )
    rows = (
        f'<g class="node"><title>{xml_text(_node_title(node))}</title>',
        f'<rect {place} rx="{radius}" {paint} stroke-width="1.4"/>',
        text_element(x, box.y - 2.5, label.name, NAME_SIZE, INK if live else "#94a3b8", bold=True),
        text_element(x, box.y + 11, label.shape, SHAPE_SIZE, FAINT_INK if live else "#a9b4c2"),
        "</g>",
    )
    return "".join(rows)


def text_element(
    x: str, y: float, text: str, size: float, colour: str, *, bold: bool = False, anchor: str = "middle"
) -> str:
    """One line of text; `y` is its base line."""
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x}" y="{number(y)}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size}" fill="{colour}"{weight}>{xml_text(text)}</text>'


def _edge(edge: Edge, route: Route, look: Look, gate: str) -> str:
    title = "\n".join((edge.name, module_text(edge.module), gate))
    line = line_element(look, path_data(route.pieces))
    arrow = arrow_element(look, arrow_data(route.tip, route.direction, look.width))
    mark = "" if look.mark == "none" else mark_element(look, route.mark)
    return f'<g class="edge"><title>{xml_text(title)}</title>{line}{arrow}{mark}</g>'


def _merged(routes: Sequence[Route], look: Look) -> list[str]:
    """Three paths for all edges of one look."""
    lines = line_element(look, "".join(path_data(route.pieces) for route in routes))
    arrows = arrow_element(look, "".join(arrow_data(route.tip, route.direction, look.width) for route in routes))
    if look.mark == "none":
        return [lines, arrows]
    squares = "".join(f"M{number(r.mark[0] - 3)},{number(r.mark[1] - 3)}h6v6h-6z" for r in routes)
    return [lines, arrows, f'<path d="{squares}" fill="{_tint(look.colour, look.fill)}"/>']


def _node_title(node: Node) -> str:
    held = " | ".join(filter(None, (node.aggregation, module_text(node.activations))))
    return f"{node.name}\n{node.kind} {shape_text(node.shape)}" + ("" if node.kind == "input" else f"\n{held}")


def _tint(colour: str, amount: float) -> str:
    """The colour laid over white with this opacity: an opaque fill hides the line below."""
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - c) * amount):02x}" for c in channels)
