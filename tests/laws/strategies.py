"""Random S-networks and random masks, for Hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bsnc.ir import Graph

from .build import FIXED, Link, Step, conv, linear, network, option, pool, upsample

Shape = tuple[int, ...]
ACTIVATIONS: list[list[Step]] = [
    [],
    ["relu"],
    ["sigmoid"],
    ["tanh"],
    ["silu"],
    ["gelu"],
    ["hard_swish"],
    [("leaky_relu", {"negative_slope": 0.2})],
    ["relu", "sigmoid"],
]


def law(examples: int) -> settings:
    """Settings of a law that is checked on this many examples."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


@st.composite
def networks(
    draw: st.DrawFn,
    max_nodes: int = 8,
    max_gates: int | None = None,
    batch_norm: bool = True,
    kinds: Sequence[str] = ("image", "signal", "vector"),
) -> Graph:
    """A DAG of 3 to `max_nodes` nodes: parallel edges, nodes used by several edges, dead ends, nodes at which nothing
    arrives, fixed edges, gates of one and of several edges, choices, every aggregation. Some sample of the gates
    connects the output."""
    shape_of, steps_of = _DOMAINS[draw(st.sampled_from(kinds))]
    count = draw(st.integers(3, max_nodes))
    names = ["x", *(f"h[{i}]" for i in range(1, count - 1)), "y"]
    shapes = [shape_of(draw) for _ in names]
    links: list[Link] = []
    reached = [0]
    gates: list[str] = []
    choices: dict[str, int] = {}
    aggregations: dict[str, str] = {}
    for j in range(1, count):
        is_output = j == count - 1
        if not is_output and draw(st.integers(0, 9)) == 0:
            continue
        sources = [draw(st.sampled_from(reached)) if is_output else draw(st.integers(0, j - 1))]
        sources += draw(st.lists(st.integers(0, j - 1), max_size=2))
        aggregations[names[j]] = draw(st.sampled_from(["sum", "sum", "sum", "mean", "max", "concat"]))
        widths = [draw(st.integers(1, 2)) for _ in sources]
        for i, width in zip(sources, widths, strict=True):
            target = (width, *shapes[j][1:]) if aggregations[names[j]] == "concat" else shapes[j]
            steps = steps_of(draw, shapes[i], target, batch_norm)
            may_choose = j in reached or i not in reached
            gate = draw(_gate(gates, choices if may_choose else None, len(links), max_gates))
            links.append((names[i], names[j], steps, gate))
            if i in reached and j not in reached:
                reached.append(j)
        if aggregations[names[j]] == "concat":
            shapes[j] = (sum(widths), *shapes[j][1:])
    activations = {name: draw(st.sampled_from(ACTIVATIONS)) for name in names[1:]}
    return network(
        shapes[0], activations, links, shapes=dict(zip(names, shapes, strict=True)), aggregations=aggregations
    )


@st.composite
def _gate(draw: st.DrawFn, gates: list[str], choices: dict[str, int] | None, number: int, limit: int | None) -> str:
    """FIXED, a gate that has edges already, a new one, or an option of a choice that is new or not, where one may be.
    The limit is on both kinds of gates together."""
    kind = draw(st.sampled_from(["own", "own", "own", "shared", "choice", FIXED]))
    if kind == FIXED:
        return FIXED
    full = limit is not None and len(gates) + len(choices or ()) >= limit
    if kind == "choice" and choices is not None and (choices or not full):
        if not choices or (not full and draw(st.booleans())):
            choices[f"c{number}"] = draw(st.integers(1, 3))
        name = draw(st.sampled_from(sorted(choices)))
        return option(name, draw(st.integers(0, choices[name] - 1)), choices[name])
    if full and not gates:
        return FIXED
    if gates and (kind == "shared" or full):
        return draw(st.sampled_from(gates))
    gates.append(f"g{number}")
    return gates[-1]


def _image_shape(draw: st.DrawFn) -> Shape:
    size = draw(st.sampled_from([4, 4, 2, 1]))
    return draw(st.integers(1, 3)), size, size


def _signal_shape(draw: st.DrawFn) -> Shape:
    return draw(st.integers(1, 3)), draw(st.sampled_from([4, 2, 1]))


def _vector_shape(draw: st.DrawFn) -> Shape:
    return (draw(st.integers(1, 4)),)


def _spatial_steps(draw: st.DrawFn, source: Shape, target: Shape, batch_norm: bool) -> list[Step]:
    """A module between two shapes of [channels, size…]: sizes are equal, or one is a power of two of the other."""
    channels, bias = target[0], draw(st.booleans())
    if source[1] < target[1]:
        resize: list[Step] = [upsample(target[1] // source[1])]
        options = [[*resize, conv(channels, 3, bias=bias)], [conv(channels, 1, bias=bias), "relu", *resize]]
    elif source[1] > target[1]:
        stride = source[1] // target[1]
        options = [
            [conv(channels, 3, stride=stride, bias=bias)],
            [pool(draw(st.sampled_from(["avg", "max"])), stride, stride), conv(channels, 1, bias=bias)],
        ]
        if target[1] == 1:
            options.append(["global_avg_pool", conv(channels, 1, bias=bias)])
    else:
        options = [
            [conv(channels, 3, bias=bias)],
            [conv(channels, 1, bias=bias)],
            [conv(channels, 3, dilation=2, bias=bias)],
            ["relu", conv(2 * channels, 3, bias=bias), "tanh", conv(channels, 1, groups=channels)],
        ]
        if source == target:
            options += [["identity"], ["identity"], [pool("avg", 3)], [pool("max", 3)]]
    return [*draw(st.sampled_from(options)), *_tail(draw, batch_norm)]


def _vector_steps(draw: st.DrawFn, source: Shape, target: Shape, batch_norm: bool) -> list[Step]:
    bias = draw(st.booleans())
    options: list[list[Step]] = [
        [linear(target[0], bias=bias)],
        [linear(3, bias=bias), "relu", linear(target[0])],
    ]
    if source == target:
        options += [["identity"], ["sigmoid"]]
    return [*draw(st.sampled_from(options)), *_tail(draw, batch_norm)]


def _tail(draw: st.DrawFn, batch_norm: bool) -> list[Step]:
    tails: list[list[Step]] = [[], ["tanh"]]
    if batch_norm:
        tails += [["batch_norm"], ["batch_norm"], [("batch_norm", {"momentum": 0.3, "eps": 1e-3}), "relu"]]
    return draw(st.sampled_from(tails))


_Steps = Callable[[st.DrawFn, Shape, Shape, bool], list[Step]]
_DOMAINS: dict[str, tuple[Callable[[st.DrawFn], Shape], _Steps]] = {
    "image": (_image_shape, _spatial_steps),
    "signal": (_signal_shape, _spatial_steps),
    "vector": (_vector_shape, _vector_steps),
}


@st.composite
def masks(
    draw: st.DrawFn, graph: Graph, min_rows: int = 1, max_rows: int = 6, keep_fixed: bool = True
) -> NDArray[np.bool_]:
    """Masks `[B, E]`: rows of random bits, rows that keep nearly all, all or none of the edges.

    Fixed edges are kept in every row, unless `keep_fixed` is false; edges of one gate may still differ.
    """
    edges = len(graph.edges)
    bits = st.lists(st.booleans(), min_size=edges, max_size=edges)
    nearly = bits.flatmap(lambda a: bits.map(lambda b: [x or y for x, y in zip(a, b, strict=True)]))
    constant = st.sampled_from([[True] * edges, [False] * edges])
    rows = draw(st.lists(st.one_of(bits, nearly, nearly, constant), min_size=min_rows, max_size=max_rows))
    result = np.array(rows, dtype=bool).reshape(len(rows), edges)
    if keep_fixed:
        result[:, [edge.gate is None for edge in graph.edges]] = True
    return result


@st.composite
def networks_and_masks(draw: st.DrawFn, **options: object) -> tuple[Graph, NDArray[np.bool_]]:
    """A network and masks for it that keep its fixed edges."""
    graph = draw(networks(**options))  # type: ignore[arg-type]
    return graph, draw(masks(graph))
