"""Elaborated networks: names and order of nodes and edges, shapes, and the shipped specs."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsnc.ir import Graph
from tests.sema.support import around, diagnostics, errors, graph

SPECS = Path(__file__).parents[2] / "specs"


def spec(name: str, *settings: str) -> Graph:
    return graph((SPECS / f"{name}.bsn").read_text(encoding="utf-8"), *settings)


def names(g: Graph) -> list[str]:
    return [edge.name for edge in g.edges]


# ---- names and order ----


def test_parallel_edges_are_numbered() -> None:
    g = graph(around("edge image -> logits : flatten | linear(10)\nfixed edge image -> logits : flatten | linear(10)"))
    assert names(g) == ["image->logits", "image->logits#1", "image->logits#2"]
    assert [edge.gate for edge in g.edges] == ["image->logits", None, "image->logits#2"]
    assert [gate.name for gate in g.gates] == ["image->logits", "image->logits#2"]


def test_nodes_stand_after_their_sources_else_in_the_order_of_declaration() -> None:
    body = "node c node b node a\nedge image -> a : relu edge a -> b : relu edge image -> c : relu"
    body += "\n" + "\n".join(f"edge {n} -> logits : flatten | linear(10)" for n in "abc")
    assert [node.name for node in graph(around(body)).nodes] == ["image", "c", "a", "b", "logits"]


def test_edges_stand_in_the_order_of_their_targets() -> None:
    body = "node a node b\nedge b -> logits : flatten | linear(10)\nedge a -> b : relu\nedge image -> a : relu"
    assert names(graph(around(body))) == ["image->a", "a->b", "b->logits", "image->logits"]


def test_elements_of_arrays_are_named_by_their_indices() -> None:
    g = graph(around("node h[1, 2]\nedge image -> h[0, 0] : relu\nedge h[0, 0] -> h[0, 1] : relu"))
    assert [node.name for node in g.nodes] == ["image", "logits", "h[0,0]", "h[0,1]"]
    assert names(g) == ["image->logits", "image->h[0,0]", "h[0,0]->h[0,1]"]


def test_names_do_not_depend_on_the_rest_of_the_spec() -> None:
    body = "node a\nedge image -> a : relu\nedge a -> logits : flatten | linear(10)"
    assert set(names(graph(around(body)))) <= set(names(graph(around(body + "\nnode b\nedge image -> b : relu"))))


# ---- what is built ----


def test_modules_carry_bound_arguments_and_shapes() -> None:
    g = graph(around("node h = sum | relu\nedge image -> h : conv(8, 3, stride = 2) | batch_norm"))
    conv, norm = g.edges[g.edge_index["image->h"]].module
    assert conv.arguments["channels"] == 8 and conv.arguments["stride"] == 2 and conv.arguments["groups"] == 1
    assert (conv.in_shape, conv.out_shape, norm.out_shape) == ((3, 8, 8), (8, 4, 4), (8, 4, 4))
    assert g.nodes[g.node_index["h"]].shape == (8, 4, 4)


@pytest.mark.parametrize(
    ("pipeline", "activations"),
    [
        ("", []),
        ("= sum", []),
        ("= relu", ["relu"]),
        ("= sum | relu", ["relu"]),
        ("= sum | relu | tanh", ["relu", "tanh"]),
    ],
)
def test_pipelines_of_nodes(pipeline: str, activations: list[str]) -> None:
    g = graph(around(f"node h {pipeline}\nedge image -> h : conv(4, 3)"))
    assert [call.op for call in g.nodes[g.node_index["h"]].activations] == activations


def test_a_block_may_be_an_activation_of_a_node() -> None:
    g = graph(around("block act = leaky_relu(0.2) | tanh\nnode h = sum | act\nedge image -> h : relu"))
    assert [call.op for call in g.nodes[g.node_index["h"]].activations] == ["leaky_relu", "tanh"]


@pytest.mark.parametrize(
    ("declared", "init"),
    [
        ("gate g", None),
        ("gate g = 0.25", 0.25),
        ("gate g = 80%", 0.8),
        ("let p = 30%\ngate g = p * 2", 0.6),
        ("gate g = (0.5 if 1 < 2 else 3)", 0.5),
        ("gate g = 2^-1", 0.5),
    ],
)
def test_a_gate_starts_at_the_probability_of_its_declaration(declared: str, init: float | None) -> None:
    g = graph(around(f"{declared}\nedge image -> logits : flatten | linear(10) @ g"))
    assert g.gates[g.gate_index["g"]].init == (None if init is None else pytest.approx(init))


def test_each_gate_of_an_array_starts_alike_and_those_of_a_loop_at_their_own() -> None:
    edge = "edge image -> logits : flatten | linear(10) @"
    body = f"gate a[2] = 1/2\nfor i in 0..2 {{ {edge} a[i]\n gate b = 0.25 * (i + 1)\n {edge} b }}"
    found = {gate.name: gate.init for gate in graph(around(body)).gates}
    assert found == {"a[0]": 0.5, "b": 0.25, "a[1]": 0.5, "b#1": 0.5, "image->logits#4": None}


def test_an_untaken_branch_builds_nothing() -> None:
    g = graph(around("if 1 > 2 { edge image -> logits : nope } else { let a = 3 }"))
    assert names(g) == ["image->logits"]


SHAPES = [
    ("conv(8, 3)", (8, 8, 8)),
    ("conv(8, 3, stride = 2)", (8, 4, 4)),
    ("conv(8, 5, stride = 3)", (8, 3, 3)),
    ("conv(6, 3, groups = 3)", (6, 8, 8)),
    ("conv(8, 3, dilation = 2)", (8, 8, 8)),
    ("conv(8, 2, stride = 2)", (8, 4, 4)),
    ("max_pool(2, stride = 2)", (3, 4, 4)),
    ("avg_pool(3)", (3, 8, 8)),
    ("max_pool(3, 2)", (3, 4, 4)),
    ("global_avg_pool", (3, 1, 1)),
    ("upsample(2)", (3, 16, 16)),
    ("flatten", (192,)),
    ("flatten | linear(7)", (7,)),
    ("batch_norm | relu | identity", (3, 8, 8)),
]


@pytest.mark.parametrize(("module", "shape"), SHAPES, ids=[m for m, _ in SHAPES])
def test_shapes(module: str, shape: tuple[int, ...]) -> None:
    g = graph(around(f"node h\nedge image -> h : {module}"))
    assert g.nodes[g.node_index["h"]].shape == shape


# ---- mistakes of structure and shape ----


def test_unlike_shapes_are_reported_once_a_node() -> None:
    body = "node h\nedge image -> h : conv(4, 3)\n" + "edge image -> h : conv(8, 3)\n" * 3
    body += "node k\nedge h -> k : relu\nedge image -> k : conv(9, 3)"
    assert errors(around(body)) == ["BSN215 edge image -> h : conv(8, 3)"]


def test_a_misfit_is_reported_once_for_a_block_in_a_loop() -> None:
    body = "block wrong = linear(4)\nnode h[4]\nedge image -> h[0] : relu\n"
    body += "for i in 1..4 { edge h[i-1] -> h[i] : wrong edge h[i-1] -> h[i] : relu }"
    assert errors(around(body)) == ["BSN214 linear(4)"]


def test_cycles_are_shown_edge_by_edge() -> None:
    (found,) = [
        d
        for d in diagnostics(around("node a node b node c edge a -> b : relu edge b -> c : relu edge c -> a : relu"))
        if d.code == "BSN301"
    ]
    assert found.message == "a cycle: `a` -> `b` -> `c` -> `a`"
    assert found.span is not None and found.span.text == "edge a -> b : relu"
    assert [label.span.text for label in found.labels] == ["edge b -> c : relu", "edge c -> a : relu"]


def test_what_the_input_does_not_reach_is_left_out() -> None:
    g = graph(around("node h[3]\nedge image -> h[0] : relu\nedge h[1] -> h[2] : linear(4)\nedge h[2] -> logits : relu"))
    assert [node.name for node in g.nodes] == ["image", "h[0]", "logits"]
    assert names(g) == ["image->h[0]", "image->logits"]


def test_nodes_on_no_path_are_warnings_once_a_declaration() -> None:
    found = diagnostics(around("node h[3]\nnode k\nedge image -> h[0] : relu\nedge h[1] -> h[2] : relu"))
    assert [(d.code, d.span.text if d.span else "") for d in found] == [("BSN304", "h"), ("BSN304", "k")]


def test_unused_elements_of_arrays_are_no_warnings() -> None:
    body = "node h[3]\nedge image -> h[0] : relu\nedge h[0] -> logits : flatten | linear(10)"
    assert diagnostics(around(body)) == []


# ---- shipped specs, against an independent count ----


def cnf_edges(layers: int, scales: int) -> int:
    """Edges of a convolutional neural fabric, ends included."""
    inner = sum(1 + (s > 0) + (s < scales - 1) for _, s in product(range(1, layers), range(scales)))
    return inner + 2 * (scales - 1) + 2


@given(layers=st.integers(1, 5), log_size=st.integers(0, 5))
@settings(max_examples=15, deadline=None)
def test_cnf(layers: int, log_size: int) -> None:
    g = spec("cnf", f"layers={layers}", f"size={2**log_size}", "channels=2")
    scales = log_size + 1
    # One layer has its chain of scales twice: from the input, and to the output.
    assert (len(g.nodes), len(g.edges)) == (layers * scales + 2, cnf_edges(layers, scales))
    assert len(g.gates) == len(g.edges) - 2
    for layer, scale in product(range(layers), range(scales)):
        size = 2 ** (log_size - scale)
        assert g.nodes[g.node_index[f"h[{layer},{scale}]"]].shape == (2, size, size)


def resnet_fabric_edges(depth: int, groups: int) -> int:
    residual = 2 * groups * depth
    fabric = (
        2
        * (groups - 1)
        * sum(
            not (shift == 1 and i == 0) and not (shift == -1 and i == depth - 1)
            for i, shift in product(range(depth), (1, 0, -1))
        )
    )
    return residual + fabric + 2


@pytest.mark.parametrize(("depth", "widths"), [(3, [16, 32, 64]), (5, [16, 32, 64]), (2, [4, 8]), (3, [8])])
def test_resnet_fabric(depth: int, widths: list[int]) -> None:
    g = spec("resnet_fabric", f"depth={depth}", f"widths={widths}")
    groups = len(widths)
    assert len(g.nodes) == groups * depth + 3
    assert len(g.edges) == resnet_fabric_edges(depth, groups)
    assert len(g.gates) == len(g.edges) - 2
    for group, width in enumerate(widths):
        size = 32 // 2**group
        assert g.nodes[g.node_index[f"x[{group},{depth - 1}]"]].shape == (width, size, size)


def test_shipped_defaults() -> None:
    sizes = {name: (len(g.nodes), len(g.edges), len(g.gates)) for name in ("cnf", "digits") for g in [spec(name)]}
    assert sizes == {"cnf": (50, 124, 122), "digits": (18, 38, 36)}
