"""Lowered code and initial weights: readable, the same each time, one name for each thing."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bsnc.ir import Graph
from bsnc.lower import copy_weights, lower_static, lower_stochastic, op_paths
from tests.laws.build import conv, linear, network, pool
from tests.laws.strategies import law, networks
from tests.laws.weights import examples, randomise

FABRIC = network(
    (1, 4, 4),
    {"h[0,0]": ["relu"], "h[0,1]": ["relu"], "y": []},
    [
        ("x", "h[0,0]", [conv(2, bias=False), "batch_norm"]),
        ("x", "h[0,1]", [conv(2, stride=2), conv(2, 1)]),
        ("h[0,0]", "h[0,1]", [pool("avg", 2, 2)]),
        ("h[0,0]", "h[0,1]", [conv(2, stride=2)]),
        ("h[0,1]", "y", ["flatten", linear(3)]),
    ],
)


def states(one: nn.Module, other: nn.Module) -> list[bool]:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return [a == b and torch.equal(v, w) for (a, v), (b, w) in pairs]


def test_stochastic_code_reads_like_the_network() -> None:
    assert lower_stochastic(FABRIC).code.strip() == (
        "def forward(self, x, masks):\n"
        "    rows = self.live_rows(masks);  masks = None\n"
        "    x__h_0_0 = self.edges.x__h_0_0(x, rows)\n"
        "    h_0_0 = self.nodes.h_0_0(rows, x, x__h_0_0);  x__h_0_0 = None\n"
        "    x__h_0_1 = self.edges.x__h_0_1(x, rows)\n"
        "    h_0_0__h_0_1 = self.edges.h_0_0__h_0_1(h_0_0, rows)\n"
        "    h_0_0__h_0_1__1 = self.edges.h_0_0__h_0_1__1(h_0_0, rows);  h_0_0 = None\n"
        "    h_0_1 = self.nodes.h_0_1(rows, x, x__h_0_1, h_0_0__h_0_1, h_0_0__h_0_1__1);"
        "  x__h_0_1 = h_0_0__h_0_1 = h_0_0__h_0_1__1 = None\n"
        "    h_0_1__y = self.edges.h_0_1__y(h_0_1, rows);  h_0_1 = None\n"
        "    y = self.nodes.y(rows, x, h_0_1__y);  rows = x = h_0_1__y = None\n"
        "    return y"
    )


def test_static_code_has_one_call_an_op() -> None:
    lines = lower_static(FABRIC).code.strip().splitlines()
    calls = [line.split("=")[1].split("(")[0].strip() for line in lines[1:-1]]
    assert calls == [
        "self.edges.x__h_0_0.conv",
        "self.edges.x__h_0_0.batch_norm",
        "self.nodes.h_0_0.relu",
        "self.edges.x__h_0_1.conv",
        "self.edges.x__h_0_1.conv_1",
        "self.edges.h_0_0__h_0_1.avg_pool",
        "self.nodes.h_0_1.add",
        "self.edges.h_0_0__h_0_1__1.conv",
        "self.nodes.h_0_1.add",
        "self.nodes.h_0_1.relu",
        "self.edges.h_0_1__y.flatten",
        "self.edges.h_0_1__y.linear",
    ]


@law(30)
@given(networks(), st.integers(0, 2**31))
def test_one_graph_and_seed_give_one_code_and_one_set_of_weights(graph: Graph, seed: int) -> None:
    for lower in (lower_stochastic, lower_static):
        one, same = lower(graph, seed), lower(graph, seed)
        assert one.code == same.code
        assert all(states(one, same))


def test_another_seed_gives_other_weights() -> None:
    one, other = lower_stochastic(FABRIC, 0).state_dict(), lower_stochastic(FABRIC, 1).state_dict()
    weights = [name for name in one if name.endswith("conv.weight")]
    assert weights and not any(torch.equal(one[name], other[name]) for name in weights)


def test_no_global_generator_is_touched() -> None:
    def state() -> tuple[bytes, object, object]:
        return torch.get_rng_state().numpy().tobytes(), random.getstate(), str(np.random.get_state())

    before = state()
    lower_stochastic(FABRIC, 5)
    lower_static(FABRIC, 5)
    assert state() == before
    torch.manual_seed(1)
    one = lower_stochastic(FABRIC, 5)
    torch.manual_seed(2)
    assert all(states(one, lower_stochastic(FABRIC, 5)))


def test_convolutions_start_as_he_et_al_by_fan_out_and_with_zero_bias() -> None:
    graph = network((64, 4, 4), {"y": []}, [("x", "y", [conv(256, 3)])])
    layer = lower_stochastic(graph).edges.x__y.conv
    assert float(layer.weight.detach().std()) == pytest.approx((2 / (256 * 9)) ** 0.5, rel=0.02)
    assert not layer.bias.any()


NASTY = [
    ["h[0]", "h_0", "h_0_v2", "h[0_v2]"],
    ["class", "class_", "None", "match"],
    ["pop", "keys", "items", "values", "update", "forward", "training", "train", "half", "type", "state_dict"],
    ["rows", "masks", "live_rows", "edges", "nodes", "self", "torch", "add", "operator"],
    ["print", "len", "device", "inf", "nan", "getattr", "_", "__init__", "_modules", "fx"],
    ["conv", "conv2d", "relu", "linear", "x__y", "h__y"],
]


@pytest.mark.parametrize("names", NASTY, ids=lambda names: names[0])
@pytest.mark.parametrize("ends", [("x", "y"), ("masks", "rows"), ("pop", "self"), ("class", "add")])
def test_any_name_works_and_no_two_share_an_attribute(names: list[str], ends: tuple[str, str]) -> None:
    start, end = ends
    hidden = [name for name in names if name not in ends]
    links = [(start, name, [linear(2)]) for name in hidden] + [(name, end, [linear(2)]) for name in hidden]
    graph = network((2,), {**{name: ["tanh"] for name in hidden}, end: []}, links, source=start)
    lowered = lower_stochastic(graph).double().eval()
    assert len(list(lowered.edges.children())) == len(graph.edges)
    assert len(list(lowered.nodes.children())) == len(hidden) + 1
    paths = [path for edge in op_paths(graph).values() for path in edge]
    assert len(set(paths)) == len(paths)
    randomise(lowered)
    plain = lower_static(graph).double().eval()
    copy_weights(lowered, graph, plain, graph)
    x = examples(graph, 3)
    torch.testing.assert_close(lowered(x, torch.ones(3, len(graph.edges))), plain(x))
    expected = sum(
        torch.tanh(x @ w.weight.T + w.bias) @ v.weight.T + v.bias
        for w, v in (
            (lowered.get_submodule(op_paths(graph)[f"{start}->{name}"][0]),
             lowered.get_submodule(op_paths(graph)[f"{name}->{end}"][0]))
            for name in hidden
        )
    )  # fmt: skip
    torch.testing.assert_close(plain(x), expected)


@law(40)
@given(networks())
def test_ops_are_found_under_their_paths(graph: Graph) -> None:
    lowered = lower_stochastic(graph)
    for edge in graph.edges:
        for op, path in zip(edge.module, op_paths(graph)[edge.name], strict=True):
            target = op.definition.torch(op.arguments, op.in_shape).target
            assert type(lowered.get_submodule(path)).__name__ == target.partition(":")[2]


@law(40)
@given(networks(), st.data())
def test_copied_weights_are_those_of_the_same_edges(graph: Graph, data: st.DataObject) -> None:
    lowered = lower_stochastic(graph)
    randomise(lowered, 1)
    part = graph.keeping(data.draw(st.sets(st.sampled_from([e.name for e in graph.edges]), min_size=1)))
    other = lower_stochastic(part, seed=9)
    copy_weights(lowered, graph, other, part)
    ours, theirs = op_paths(graph), op_paths(part)
    for edge in part.edges:
        for source, target in zip(ours[edge.name], theirs[edge.name], strict=True):
            assert all(states(lowered.get_submodule(source), other.get_submodule(target)))


def test_copied_weights_are_found_by_edge_even_where_another_edge_had_the_attribute() -> None:
    """`x->h[0]` and `x->h_0` both want to be `x__h_0`; without the first the second is."""
    nodes = {"h[0]": [], "h_0": [], "y": []}
    links = [("x", "h[0]", [linear(2)]), ("x", "h_0", [linear(2)]), ("h[0]", "y", ["tanh"]), ("h_0", "y", ["tanh"])]
    graph = network((2,), nodes, links)
    part = graph.keeping(["x->h_0", "h_0->y"])
    lowered, other = lower_stochastic(graph), lower_stochastic(part)
    randomise(lowered)
    copy_weights(lowered, graph, other, part)
    assert op_paths(graph)["x->h_0"] != op_paths(part)["x->h_0"] == op_paths(graph)["x->h[0]"]
    assert torch.equal(other.edges.x__h_0.linear.weight, lowered.edges.x__h_0_v2.linear.weight)


def test_names_in_any_script_lower_to_plain_identifiers() -> None:
    links = [("²", "ﬁ", ["relu"]), ("ﬁ", "𝒳", ["tanh"]), ("²", "𝒳", ["relu"])]
    graph = network((2,), {"ﬁ": ["relu"], "𝒳": []}, links, source="²")
    stochastic, static = lower_stochastic(graph).eval(), lower_static(graph).eval()
    x = torch.randn(3, 2)
    assert torch.equal(stochastic(x, torch.ones(3, 3, dtype=torch.bool)), static(x))
    assert str(stochastic.code).isascii() and str(static.code).isascii()
