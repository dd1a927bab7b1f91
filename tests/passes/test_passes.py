"""Graph passes: valid in, valid out; exact in cost and, in tests/lower, in what is computed."""

import pytest
import torch
from hypothesis import given

from bsnc.cost import costs_of_masks
from bsnc.ir import CostKey, Graph, edges_on_a_path, every_cost, live_edges, verify
from bsnc.passes import ApplyArchitecture, PruneDeadEdges
from tests.laws.brute_force import live_names, paths
from tests.laws.build import conv, network
from tests.laws.strategies import law, networks, networks_and_masks

ADDITIVE = [key for key in every_cost() if not key.options]


def names(graph: Graph) -> set[str]:
    return {edge.name for edge in graph.edges}


@law(100)
@given(networks())
def test_pruning_leaves_just_the_edges_on_paths(graph: Graph) -> None:
    result = PruneDeadEdges().run(graph)
    verify(result.graph)
    assert names(result.graph) == {name for path in paths(graph, names(graph)) for name in path}
    assert result.modified == (result.graph.edges != graph.edges)
    again = PruneDeadEdges().run(result.graph)
    assert again.graph == result.graph and not again.modified


@law(100)
@given(networks_and_masks())
def test_an_architecture_is_what_its_mask_makes_live_without_gates(case: tuple) -> None:
    graph, rows = case
    for mask in rows:
        kept = {edge.name for edge, keep in zip(graph.edges, mask, strict=True) if keep}
        result = ApplyArchitecture(kept).run(graph)
        verify(result.graph)
        assert names(result.graph) == live_names(graph, mask)
        assert not result.graph.gates and all(edge.gate is None for edge in result.graph.edges)
        modules = {edge.name: edge.module for edge in graph.edges}
        for edge in result.graph.edges:
            before = modules[edge.name]
            assert [(c.op, c.arguments) for c in edge.module] == [(c.op, c.arguments) for c in before]
            narrowed = edge.module[0].in_shape != before[0].in_shape
            assert edge.module == before or (narrowed and edge.module[-1].out_shape == before[-1].out_shape)
        assert result.modified == (result.graph != graph)


@law(60)
@given(networks_and_masks())
def test_an_architecture_costs_what_its_mask_costs(case: tuple) -> None:
    graph, rows = case
    for key in ADDITIVE:
        for mask, cost in zip(rows, costs_of_masks(key, graph, torch.from_numpy(rows)).tolist(), strict=True):
            part = ApplyArchitecture(live_names(graph, mask)).run(graph).graph
            assert costs_of_masks(key, part, torch.ones(1, len(part.edges), dtype=torch.bool))[0] == cost


def test_fixed_edges_stay_in_every_architecture_that_they_are_live_in() -> None:
    links = [("x", "h", ["identity"]), ("x", "h", ["tanh"], "fixed"), ("h", "y", ["relu"])]
    graph = network((2,), {"h": [], "y": []}, links)
    assert names(ApplyArchitecture({"h->y"}).run(graph).graph) == {"x->h#1", "h->y"}
    assert names(ApplyArchitecture({"x->h"}).run(graph).graph) == set()


def test_of_a_shared_gate_edges_may_be_applied_one_by_one() -> None:
    links = [("x", "y", ["identity"], "g"), ("x", "y", ["tanh"], "g")]
    graph = network((2,), {"y": []}, links)
    assert names(ApplyArchitecture({"x->y#1"}).run(graph).graph) == {"x->y#1"}


def test_input_and_output_stay_when_nothing_else_does() -> None:
    graph = network((2,), {"h": [], "y": []}, [("x", "h", ["identity"]), ("h", "y", ["relu"])])
    result = ApplyArchitecture(()).run(graph).graph
    assert [node.name for node in result.nodes] == ["x", "y"]
    assert edges_on_a_path(result) == [] and live_edges(result, torch.ones(3, 0).bool().numpy()).shape == (3, 0)
    assert costs_of_masks(CostKey(name="flops"), result, torch.ones(3, 0, dtype=torch.bool)).tolist() == [0, 0, 0]


def concatenating(first: list[str], activations: list[str]) -> Graph:
    """Two edges of 2 and 3 channels into a concatenation, and one edge out of it that begins with `first`."""
    links = [
        ("x", "c", [conv(2)], "a"),
        ("x", "c", [conv(3)], "b"),
        ("c", "y", [*first, conv(4), "batch_norm"], "fixed"),
    ]
    return network((1, 4, 4), {"c": activations, "y": []}, links, shapes={"c": (5, 4, 4)}, aggregations={"c": "concat"})


@pytest.mark.parametrize("first", [[], ["relu"], ["tanh", ("max_pool", {"kernel": 3})]])
@pytest.mark.parametrize("activations", [[], ["relu"]])
def test_channels_of_a_dropped_edge_are_cut_off_where_only_zeros_would_come(first: list, activations: list) -> None:
    graph = concatenating(first, activations)
    part = ApplyArchitecture({"x->c#1"}).run(graph).graph
    assert part.nodes[1].shape == (3, 4, 4) and [slot.edge for slot in part.nodes[1].slots] == ["x->c#1"]
    assert part.edges[-1].module[len(first)].in_shape == (3, 4, 4)
    flops = costs_of_masks(CostKey(name="flops"), graph, torch.tensor([[False, True, True], [True, True, True]]))
    assert flops.tolist() == [3 * 9 * 16 + 3 * 4 * 9 * 16, 5 * 9 * 16 + 5 * 4 * 9 * 16]


@pytest.mark.parametrize(("first", "activations"), [(["sigmoid"], []), (["batch_norm"], []), ([], ["sigmoid"])])
def test_they_stay_where_something_else_would_be_lost(first: list, activations: list) -> None:
    part = ApplyArchitecture({"x->c#1"}).run(concatenating(first, activations)).graph
    assert part.nodes[1].shape == (5, 4, 4) and [slot.channels for slot in part.nodes[1].slots] == [2, 3]
    verify(part)


@law(150)
@given(networks_and_masks())
def test_only_channels_of_dropped_edges_go(case: tuple) -> None:
    graph, rows = case
    for mask in rows:
        part = ApplyArchitecture(live_names(graph, mask)).run(graph).graph
        live = names(part)
        for node in part.nodes:
            whole = graph.nodes[graph.node_index[node.name]]
            kept = tuple(slot for slot in whole.slots if slot.edge in live)
            assert node.slots in (whole.slots, kept)
            assert node.shape == (
                whole.shape if node.slots == whole.slots else (sum(s.channels for s in kept), *whole.shape[1:])
            )
