"""Pictures of S-networks: well-formed, complete, deterministic, and nothing on top of anything."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsnc.ir import Edge, Gate, Graph, Node, OpCall
from bsnc.report import draw_graph

SVG = "{http://www.w3.org/2000/svg}"
SHAPE = (8, 4, 4)


def call(op: str, **arguments: int | bool) -> OpCall:
    return OpCall(op=op, arguments=arguments, in_shape=SHAPE, out_shape=SHAPE)


MODULES = (
    (call("identity"),),
    (call("conv", channels=8, kernel=3, stride=1, groups=1, dilation=1, bias=True), call("batch_norm")),
    (call("conv", channels=8, kernel=3, stride=2, groups=1, dilation=1, bias=True), call("relu")),
)

Wire = tuple[int, int, int, bool]
"""source, target, module, gated"""


def graph_of(names: Sequence[str], wires: Sequence[Wire], shared: str | None = None) -> Graph:
    """A graph of nodes in topological order, the first the input and the last the output."""
    kinds = {0: "input", len(names) - 1: "output"}
    nodes = tuple(
        Node.model_validate({"name": name, "kind": kinds.get(i, "hidden"), "shape": SHAPE})
        for i, name in enumerate(names)
    )
    edges: list[Edge] = []
    for source, target, module, gated in sorted(wires, key=lambda wire: wire[1]):
        parallel = sum((e.source, e.target) == (names[source], names[target]) for e in edges)
        name = f"{names[source]}->{names[target]}" + (f"#{parallel}" if parallel else "")
        gate = (shared or name) if gated else None
        ends = {"source": names[source], "target": names[target]}
        edges.append(Edge(name=name, module=MODULES[module], gate=gate, **ends))
    gates = dict.fromkeys(edge.gate for edge in edges if edge.gate is not None)
    return Graph(name="net", nodes=nodes, edges=tuple(edges), gates=tuple(Gate(name=g) for g in gates))


def fabric(layers: int, scales: int) -> Graph:
    """A convolutional neural fabric: a grid of nodes between an input and an output."""
    names = ["image", *(f"h[{i},{s}]" for i in range(layers) for s in range(scales)), "logits"]
    at = {name: i for i, name in enumerate(names)}
    wires: list[Wire] = [(0, 1, 1, False), (len(names) - 2, len(names) - 1, 0, False)]
    wires += [(at[f"h[0,{s - 1}]"], at[f"h[0,{s}]"], 2, True) for s in range(1, scales)]
    for i in range(1, layers):
        for s in range(scales):
            near = (t for t in (s - 1, s, s + 1) if 0 <= t < scales)
            wires += [(at[f"h[{i - 1},{t}]"], at[f"h[{i},{s}]"], abs(s - t), True) for t in near]
    return graph_of(names, wires)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any DAG: grids, chains and single nodes, parallel and skipping edges, dead ends."""
    hidden = draw(st.integers(0, 14))
    width = draw(st.integers(1, 5))
    grid = draw(st.sampled_from(["v[{0}]", "h[{1},{2}]", "h[{2},{1}]", "t[{1},{2},0]", "n{0} <&>"]))
    names = ["in", *(grid.format(i, i // width, i % width) for i in range(hidden)), "out"]
    pairs = st.tuples(st.integers(0, hidden), st.integers(1, hidden + 1)).filter(lambda p: p[0] < p[1])
    wires = draw(st.lists(st.tuples(pairs, st.integers(0, 2), st.booleans()), max_size=40))
    return graph_of(names, [(0, hidden + 1, 1, False), *((s, t, m, g) for (s, t), m, g in wires)])


def groups(svg: str, kind: str) -> dict[str, ElementTree.Element]:
    """Nodes or edges by the first line of their title; a name must not come twice."""
    found: dict[str, ElementTree.Element] = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") != kind:
            continue
        name = (group.findtext(f"{SVG}title") or "").splitlines()[0]
        assert name not in found
        found[name] = group
    return found


def rectangles(svg: str) -> dict[str, tuple[float, float, float, float]]:
    """left, top, right, bottom of every node."""
    boxes: dict[str, tuple[float, float, float, float]] = {}
    for name, group in groups(svg, "node").items():
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        x, y, width, height = (float(rect.get(key, "nan")) for key in ("x", "y", "width", "height"))
        boxes[name] = (x, y, x + width, y + height)
    return boxes


def points_along(path: str) -> Iterator[tuple[float, float]]:
    """Points on the curves of `M`, `H` and `C` commands."""
    here = (math.nan, math.nan)
    for command, text in re.findall(r"([MHC])([^MHC]+)", path):
        numbers = [float(n) for n in re.split(r"[ ,]", text)]
        if command == "H":
            numbers.append(here[1])
        stops = [here, *zip(numbers[::2], numbers[1::2], strict=True)]
        for t in [i / 16 for i in range(17)] if command != "M" else []:
            yield de_casteljau(stops, t)
        here = stops[-1]


def de_casteljau(stops: Sequence[tuple[float, float]], t: float) -> tuple[float, float]:
    while len(stops) > 1:
        pairs = pairwise(stops)
        stops = [(a + (c - a) * t, b + (d - b) * t) for (a, b), (c, d) in pairs]
    return stops[0]


def marks(group: ElementTree.Element) -> int:
    """Gate marks of an edge: circles, or diamonds of their own stroke width."""
    return sum(child.tag == f"{SVG}circle" or child.get("stroke-width") == "1.3" for child in group)


def dashed(group: ElementTree.Element) -> bool:
    return any(child.get("stroke-dasharray") for child in group)


def test_names_every_node_and_edge_once():
    graph = fabric(4, 4)
    svg = draw_graph(graph)
    assert set(groups(svg, "node")) == {node.name for node in graph.nodes}
    assert set(groups(svg, "edge")) == {edge.name for edge in graph.edges}


def test_is_deterministic():
    assert draw_graph(fabric(5, 3)) == draw_graph(fabric(5, 3))


def test_gates_are_marked_exactly_on_gated_edges():
    graph = fabric(3, 3)
    found = groups(draw_graph(graph), "edge")
    assert {name: marks(group) for name, group in found.items()} == {
        edge.name: int(edge.gate is not None) for edge in graph.edges
    }


def test_shared_gates_have_a_mark_of_their_own():
    graph = graph_of(["a", "b", "c"], [(0, 1, 0, True), (1, 2, 0, True)], shared="g[0]")
    svg = draw_graph(graph)
    assert [marks(group) for group in groups(svg, "edge").values()] == [1, 1]
    assert "<circle" not in svg
    assert "gate g[0]" in svg


def test_fixed_edges_are_thicker():
    graph = graph_of(["a", "b", "c"], [(0, 1, 0, True), (1, 2, 0, False)])
    root = ElementTree.fromstring(draw_graph(graph))
    widths = [float(g.get("stroke-width", "0")) for g in root.iter(f"{SVG}g") if g.get("class") == "edges"]
    assert len(widths) == 2
    assert max(widths) > 1.5 * min(widths)


def test_dead_edges_and_nodes_are_dashed():
    graph = fabric(3, 2)
    live = ["image->h[0,0]", "h[0,0]->h[1,0]", "h[1,0]->h[2,1]", "h[2,1]->logits"]
    svg = draw_graph(graph, live=live)
    assert {name for name, group in groups(svg, "edge").items() if not dashed(group)} == set(live)
    pale = {name for name, group in groups(svg, "node").items() if dashed(group)}
    assert pale == {"h[0,1]", "h[1,1]", "h[2,0]"}
    assert "(4 live)" in svg


def test_without_live_nothing_is_dashed():
    assert "dasharray" not in draw_graph(fabric(3, 2))


def test_probabilities_weigh_edges():
    graph = graph_of(["a", "b", "c"], [(0, 1, 0, True), (1, 2, 0, True)])
    svg = draw_graph(graph, probabilities={"a->b": 0.05, "b->c": 0.95})
    root = ElementTree.fromstring(svg)
    faint, strong = (g for g in root.iter(f"{SVG}g") if g.get("class") == "edges")
    assert float(faint.get("opacity", "1")) < 0.3 < 0.9 < float(strong.get("opacity", "1"))
    assert float(faint.get("stroke-width", "nan")) < float(strong.get("stroke-width", "nan"))
    assert "p = 0.95" in svg


def test_unknown_names_are_refused():
    graph = fabric(2, 2)
    with pytest.raises(ValueError, match="no edge is named `x->y`"):
        draw_graph(graph, live=["x->y"])
    with pytest.raises(ValueError, match="no gate is named `x`"):
        draw_graph(graph, probabilities={"x": 0.5})
    with pytest.raises(ValueError, match="not a number"):
        draw_graph(graph, probabilities={graph.gates[0].name: math.nan})


def test_lanes_of_a_grid_are_level_and_columns_upright():
    boxes = rectangles(draw_graph(fabric(4, 3)))
    for lane in range(3):
        assert len({sum(boxes[f"h[{i},{lane}]"][1::2]) for i in range(4)}) == 1
    for layer in range(4):
        assert len({boxes[f"h[{layer},{s}]"][0] for s in range(3)}) == 1
    assert sum(boxes["image"][1::2]) == sum(boxes["h[0,0]"][1::2])
    assert sum(boxes["logits"][1::2]) == sum(boxes["h[3,2]"][1::2])


def test_legend_tells_modules_with_counts():
    svg = draw_graph(fabric(2, 2))
    assert "conv 3×3 + batch_norm (3)" in svg
    assert "conv 3×3 /2 + relu (1)" in svg
    assert "identity (3)" in svg


def test_legend_is_capped():
    calls = [call("conv", channels=8, kernel=2 * i + 1, stride=1, groups=1, dilation=1) for i in range(30)]
    edges = tuple(Edge(name=f"a->b#{i}", source="a", target="b", module=(c,), gate=None) for i, c in enumerate(calls))
    ends = (Node(name="a", kind="input", shape=SHAPE), Node(name="b", kind="output", shape=SHAPE))
    assert "19 other modules (19)" in draw_graph(Graph(name="many", nodes=ends, edges=edges))


def test_parallel_edges_are_apart():
    graph = graph_of(["a", "b", "c"], [(0, 1, m, True) for m in (0, 1, 2)] + [(1, 2, 0, False)])
    lines = []
    for name in ("a->b", "a->b#1", "a->b#2"):
        line = groups(draw_graph(graph), "edge")[name].find(f"{SVG}path")
        assert line is not None
        lines.append([y for _, y in points_along(line.get("d", ""))])
    for upper, lower in pairwise(lines):
        assert min(b - a for a, b in zip(upper, lower, strict=True)) >= 6


def test_names_are_escaped():
    svg = draw_graph(graph_of(['<script>"&', "b\x00"], [(0, 1, 0, True)]))
    assert "<script" not in svg
    assert '<script>"&' in groups(svg, "node")


def test_a_graph_without_edges_is_drawn():
    ElementTree.fromstring(draw_graph(graph_of(["a", "b"], [])))


def test_large_graphs_are_compact():
    graph = fabric(180, 5)
    assert len(graph.edges) > 2000
    svg = draw_graph(graph, probabilities={gate.name: 0.5 for gate in graph.gates})
    ElementTree.fromstring(svg)
    assert len(svg) < 400 * len(graph.edges)
    assert set(groups(svg, "node")) == {node.name for node in graph.nodes}


@settings(deadline=None, max_examples=60)
@given(graphs(), st.data())
def test_any_graph_is_drawn_without_overlaps(graph: Graph, data: st.DataObject):
    names = [edge.name for edge in graph.edges]
    live = data.draw(st.none() | st.lists(st.sampled_from(names), unique=True))
    svg = draw_graph(graph, live=live)
    assert not re.search(r"\b(nan|inf)\b", re.sub(r"<title>.*?</title>", "", svg, flags=re.S))
    assert set(groups(svg, "edge")) == set(names)
    boxes = list(rectangles(svg).values())
    assert len(boxes) == len(graph.nodes)
    for i, (left, top, right, bottom) in enumerate(boxes):
        for x, y, u, v in boxes[:i]:
            assert right <= x or u <= left or bottom <= y or v <= top


@settings(deadline=None, max_examples=60)
@given(graphs())
def test_edges_keep_clear_of_nodes(graph: Graph):
    svg = draw_graph(graph)
    boxes = rectangles(svg)
    for name, group in groups(svg, "edge").items():
        line = group.find(f"{SVG}path")
        assert line is not None
        for x, y in points_along(line.get("d", "")):
            inside = [n for n, (a, b, c, d) in boxes.items() if a + 0.2 < x < c - 0.2 and b + 0.2 < y < d - 0.2]
            assert not inside, f"{name} runs through {inside}"
