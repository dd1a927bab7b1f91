"""A graph as one standalone SVG text."""

from __future__ import annotations

from collections.abc import Collection

from bsnc.ir import Graph
from bsnc.report.layout import Layout, lay_out
from bsnc.report.legend import draw_legend, legend_width
from bsnc.report.looks import Looks, Probabilities, choose_looks
from bsnc.report.svg import edge_elements, node_element
from bsnc.report.theme import FAINT_INK, FONT, INK, MARGIN, number, text_width, xml_text

_HEADING_SIZE = 15
_HEADING_SPACE = 34.0
_LEGEND_SPACE = 26.0
_WIDTH_MIN = 420.0


def draw_graph(graph: Graph, *, live: Collection[str] | None = None, probabilities: Probabilities | None = None) -> str:
    """The S-network as SVG 1.1: columns left to right, a colour for each kind of module, a mark on each gate.

    With `live`, names of live edges, all others are pale and dashed: the picture of an architecture. With
    `probabilities`, gate → p in [0, 1] or option → p, strength follows p; gates left out look as without it. Sizes are
    px. The same arguments give the same text. Raises ValueError on names that the graph lacks and on p = nan.
    """
    looks = choose_looks(graph, live, probabilities)
    layout = lay_out(graph)
    heading, counts = graph.name, _counts(graph, looks)
    least = max(_WIDTH_MIN, layout.width, text_width(heading + counts, _HEADING_SIZE, bold=True))
    width = legend_width(looks, least)
    legend, bottom = draw_legend(looks, width, _HEADING_SPACE + layout.height + _LEGEND_SPACE)
    middle = (width - layout.width) / 2
    lines = [
        *_head(heading, counts, width + 2 * MARGIN, bottom + 2 * MARGIN),
        f'<g transform="translate({number(MARGIN + middle)} {number(MARGIN + _HEADING_SPACE - layout.top)})">',
        *edge_elements(graph, layout, looks, probabilities),
        *_nodes(graph, layout, looks),
        "</g>",
        f'<g transform="translate({MARGIN} {MARGIN})">',
        *legend,
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _counts(graph: Graph, looks: Looks) -> str:
    live = "" if looks.live_edges is None else f" ({looks.live_edges} live)"
    return f"{len(graph.nodes)} nodes, {len(graph.edges)} edges{live}, {len(graph.gates)} gates"


def _head(heading: str, counts: str, width: float, height: float) -> list[str]:
    size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
    base = MARGIN + 9
    name = xml_text(heading)
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" {size} font-family="{FONT}">',
        f"<title>{xml_text(f'S-network {heading}: {counts}')}</title>",
        f'<rect width="{number(width)}" height="{number(height)}" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="{base}" font-size="{_HEADING_SIZE}" font-weight="600" fill="{INK}">{name}'
        f'<tspan dx="12" font-size="12" font-weight="400" fill="{FAINT_INK}">{counts}</tspan></text>',
    ]


def _nodes(graph: Graph, layout: Layout, looks: Looks) -> list[str]:
    rows = zip(graph.nodes, layout.boxes, layout.labels, strict=True)
    return [node_element(node, box, label, node.name in looks.live_nodes) for node, box, label in rows]
