"""Graph passes: valid in, valid out; exact in cost and, in tests/lower, in what is computed."""

import torch
from hypothesis import given

from bsnc.cost import costs_of_masks
from bsnc.ir import CostKey, Graph, edges_on_a_path, every_cost, live_edges, verify
from bsnc.passes import ApplyArchitecture, PruneDeadEdges
from tests.laws.brute_force import live_names, paths
from tests.laws.build import network
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
        assert all(edge.module == modules[edge.name] for edge in result.graph.edges)
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
