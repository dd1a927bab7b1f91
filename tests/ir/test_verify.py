"""verify() accepts what the strategies build, and rejects each kind of broken graph."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from bsnc.ir import Edge, Gate, Graph, InvalidGraphError, Node, OpCall, verify
from bsnc.ops import OPS
from tests.laws.build import call, chain, conv, network, option
from tests.laws.strategies import law, networks

GOOD = network(
    (2, 4, 4),
    {"a": ["relu"], "b": [], "y": []},
    [
        ("x", "a", [conv(3), "batch_norm"], "g"),
        ("x", "b", [conv(3)], "fixed"),
        ("a", "b", ["identity"]),
        ("b", "y", [conv(2, stride=2)], "g"),
    ],
)

CHOICE = network((1,), {"y": []}, [("x", "y", ["identity"], option("k", i, 2)) for i in range(2)])


@law(60)
@given(networks())
def test_every_random_network_is_valid(graph: Graph) -> None:
    verify(graph)


def edge(index: int, **changes: Any) -> Graph:
    edges = list(GOOD.edges)
    edges[index] = edges[index].model_copy(update=changes)
    return GOOD.model_copy(update={"edges": tuple(edges)})


def node(index: int, **changes: Any) -> Graph:
    nodes = list(GOOD.nodes)
    nodes[index] = nodes[index].model_copy(update=changes)
    return GOOD.model_copy(update={"nodes": tuple(nodes)})


def first_op(**changes: Any) -> Graph:
    module = GOOD.edges[0].module
    return edge(0, module=(module[0].model_copy(update=changes), *module[1:]))


def arguments(**changes: Any) -> Graph:
    kept = {k: v for k, v in (GOOD.edges[0].module[0].arguments | changes).items() if v is not None}
    return first_op(arguments=kept)


def graph(**changes: Any) -> Graph:
    return Graph(**{"name": "g", "nodes": GOOD.nodes, "edges": GOOD.edges, "gates": GOOD.gates} | changes)


def link(name: str, source: str, target: str, module: tuple[OpCall, ...]) -> Edge:
    return Edge(name=name, source=source, target=target, module=module)


IDENTITY = {shape: chain(shape, ["identity"]) for shape in [(2, 4, 4), (3, 4, 4), (2, 2, 2)]}
BROKEN: dict[str, tuple[Callable[[], Graph], str]] = {
    "two nodes of one name": (lambda: node(2, name="a"), "two nodes named a"),
    "two edges of one name": (lambda: edge(1, name="x->a"), "two edges named x->a"),
    "two gates of one name": (lambda: graph(gates=(*GOOD.gates, Gate(name="g"))), "two gates named g"),
    "an edge from nowhere": (lambda: edge(0, source="z"), "touches no node z"),
    "an edge to nowhere": (lambda: edge(0, target="z"), "touches no node z"),
    "a gate that is not declared": (lambda: edge(0, gate="z"), "names no gate z"),
    "a gate without edges": (lambda: graph(gates=(*GOOD.gates, Gate(name="z"))), "gate z is used by no edge"),
    "a choice that starts at a probability": (
        lambda: CHOICE.model_copy(update={"gates": (CHOICE.gates[0].model_copy(update={"init": 0.5}),)}),
        "gate k is categorical and starts at 0.5",
    ),
    "no input": (lambda: node(0, kind="hidden"), "0 input nodes"),
    "two inputs": (lambda: node(1, kind="input"), "2 input nodes"),
    "no output": (lambda: node(3, kind="hidden"), "0 output nodes"),
    "two outputs": (lambda: node(2, kind="output"), "2 output nodes"),
    "nodes out of order": (lambda: graph(nodes=GOOD.nodes[::-1]), "from a later node to an earlier one"),
    "a loop at a node": (
        lambda: graph(edges=(*GOOD.edges[:1], link("a->a", "a", "a", IDENTITY[3, 4, 4]), *GOOD.edges[1:])),
        "from a later node to an earlier one",
    ),
    "edges out of order": (lambda: graph(edges=GOOD.edges[::-1]), "not in the order of their targets"),
    "an edge into the input": (
        lambda: graph(
            nodes=(Node(name="w", shape=(2, 4, 4)), *GOOD.nodes),
            edges=(link("w->x", "w", "x", IDENTITY[2, 4, 4]), *GOOD.edges),
        ),
        "an edge enters the input",
    ),
    "an edge out of the output": (
        lambda: graph(
            nodes=(*GOOD.nodes, Node(name="z", shape=(2, 2, 2))),
            edges=(*GOOD.edges, link("y->z", "y", "z", IDENTITY[2, 2, 2])),
        ),
        "an edge leaves the output",
    ),
    "an unknown op": (lambda: first_op(op="convolve"), "uses no op convolve"),
    "an argument missing": (lambda: arguments(kernel=None), "arguments of conv"),
    "an argument too many": (lambda: arguments(width=3), "arguments of conv"),
    "an argument below its minimum": (lambda: arguments(groups=0), "arguments of conv"),
    "a fraction for a whole number": (lambda: arguments(kernel=3.0), "arguments of conv"),
    "a truth value for a number": (lambda: arguments(kernel=True), "arguments of conv"),
    "a number for a truth value": (lambda: arguments(bias=1), "arguments of conv"),
    "an op that does not fit its input": (lambda: arguments(groups=2, channels=3), "shapes of conv"),
    "an output shape against the rule": (lambda: first_op(out_shape=(3, 5, 5)), "shapes of conv"),
    "an input shape that is not the source's": (lambda: first_op(in_shape=(1, 4, 4)), "shapes of conv"),
    "a result that is not the target's shape": (lambda: edge(0, module=(call("identity", (2, 4, 4)),)), "delivers"),
    "a size of zero": (lambda: node(0, shape=(2, 0, 4)), "x has a size below 1"),
    "a module at a node": (lambda: node(2, activations=(call("batch_norm", (3, 4, 4)),)), "is no activation"),
    "an activation of another shape": (lambda: node(2, activations=(call("relu", (3, 4, 5)),)), "shapes of relu"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_graph_is_rejected(what: str) -> None:
    build, complaint = BROKEN[what]
    verify(GOOD)
    with pytest.raises(InvalidGraphError, match=complaint):
        verify(build())


@pytest.mark.parametrize(
    ("what", "value", "fits"),
    [
        ("kernel", (1, 3), True),
        ("kernel", (), False),
        ("kernel", (3, 0), False),
        ("kernel", (3, True), False),
        ("kernel", "3", False),
        ("padding", "valid", True),
        ("padding", "same", False),
        ("padding", 1, False),
    ],
)
def test_sizes_and_choices_are_checked(what: str, value: object, fits: bool) -> None:
    parameter = next(p for p in OPS["conv"].parameters if p.name == what)
    assert (parameter.has_type(value) and parameter.in_range(value)) == fits  # type: ignore[arg-type]


@pytest.mark.parametrize(("p", "fits"), [(0, True), (1.0, True), (1.5, False), (-0.1, False)])
def test_bounds_are_inclusive(p: float, fits: bool) -> None:
    assert OPS["dropout"].parameters[0].in_range(p) == fits


def test_no_graph_holds_a_macro() -> None:
    with pytest.raises(InvalidGraphError, match="uses no op separable_conv"):
        verify(first_op(op="separable_conv"))
