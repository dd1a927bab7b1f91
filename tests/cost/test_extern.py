"""Costs of the user's own: toy functions of the graph of an architecture."""

from __future__ import annotations

import sys
from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bsnc.cost import Cost, ExternCost, Given, cost_of, costs_of_masks
from bsnc.cost import extern as module
from bsnc.diagnostics import Diagnosed
from bsnc.ir import CostKey, Graph, live_edges, to_networkx, verify
from bsnc.passes import ApplyArchitecture
from tests.laws.brute_force import live_names, paths
from tests.laws.build import FIXED, conv, network
from tests.laws.strategies import law, masks, networks, networks_and_masks

KEY = CostKey(name="extern", options=(("function", "toys:cost"),))
Case = tuple[Graph, NDArray[np.bool_]]
WIDE = network((1, 4, 4), {"y": []}, [("x", "y", [conv(1)]) for _ in range(10)])


def own(graph: Graph, function: Callable[[Graph], float]) -> Cost:
    return cost_of(KEY, graph, Given(functions={"toys:cost": function}))


def edges(graph: Graph) -> int:
    return len(graph.edges)


def depth(graph: Graph) -> int:
    return nx.dag_longest_path_length(to_networkx(graph), weight="none")


def multiply_adds(graph: Graph) -> float:
    return sum(c.definition.multiply_adds(c.arguments, c.in_shape, c.out_shape) for e in graph.edges for c in e.module)


def parameters(graph: Graph) -> float:
    return sum(
        c.definition.parameter_count(c.arguments, c.in_shape, c.out_shape) for e in graph.edges for c in e.module
    )


@law(60)
@given(networks_and_masks())
def test_edges_and_depth_are_those_of_the_live_subgraph(case: Case) -> None:
    graph, rows = case
    live = torch.from_numpy(live_edges(graph, rows))
    kept = [{edge.name for edge, keep in zip(graph.edges, row, strict=True) if keep} for row in rows]
    assert own(graph, edges)(live).tolist() == [len(live_names(graph, row)) for row in rows]
    longest = [max((len(path) for path in paths(graph, names)), default=0) for names in kept]
    assert own(graph, depth)(live).tolist() == longest


@law(60)
@given(networks_and_masks())
def test_counted_by_hand_the_graph_costs_what_the_built_in_costs_say(case: Case) -> None:
    """So channels that dropped edges would bring to a concatenation are cut off in what the function sees."""
    graph, rows = case
    for name, count in (("flops", multiply_adds), ("params", parameters)):
        given_ = Given(functions={"toys:cost": count})
        found = costs_of_masks(KEY, graph, torch.from_numpy(rows), given_)
        assert found.tolist() == costs_of_masks(CostKey(name=name), graph, torch.from_numpy(rows)).tolist()


@law(40)
@given(networks(), st.data())
def test_the_function_sees_the_architecture_once(graph: Graph, data: st.DataObject) -> None:
    rows = data.draw(masks(graph, max_rows=8, keep_fixed=False))
    live = live_edges(graph, rows)
    seen: list[Graph] = []

    def cost(part: Graph) -> float:
        verify(part)
        seen.append(part)
        return 1.5

    counted = own(graph, cost)
    for _ in range(2):
        assert counted(torch.from_numpy(live)).tolist() == [1.5 if row.any() else 0 for row in live]
    distinct = {tuple(row) for row in live.tolist() if any(row)}
    assert len(seen) == len(distinct)
    if not any(edge.gate is None for edge in graph.edges):
        expected = [ApplyArchitecture(live_names(graph, row)).run(graph).graph for row in distinct]
        assert {part.model_dump_json() for part in seen} == {part.model_dump_json() for part in expected}


def test_the_latest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    calls: list[int] = []
    cost = own(WIDE, lambda graph: calls.append(len(graph.edges)) or 1.0)
    rows = torch.ones(10, 10, dtype=torch.bool).tril()
    assert cost(torch.cat([rows[:3], rows[:3]])).tolist() == [1.0] * 6
    assert calls == [1, 2, 3]
    cost(rows[1:3])
    assert calls == [1, 2, 3]
    cost(rows[:1])
    assert calls == [1, 2, 3, 1]


def test_no_row_and_no_edge() -> None:
    cost = own(WIDE, edges)
    assert cost(torch.zeros(0, 10, dtype=torch.bool)).tolist() == []
    assert cost(torch.zeros(2, 10, dtype=torch.bool)).tolist() == [0, 0]
    assert cost(torch.ones(1, 10, dtype=torch.bool)).dtype == torch.float64


def test_it_promises_nothing_to_a_search() -> None:
    cost = own(WIDE, edges)
    assert isinstance(cost, ExternCost)
    assert (cost.key, cost.grows, cost.below) == (KEY, False, ())


@pytest.mark.parametrize("value", [7, 2.5, 0, np.float32(2.5), np.int64(3), 1e300])
def test_numbers(value: float) -> None:
    assert own(WIDE, lambda _: value)(torch.ones(1, 10, dtype=torch.bool)).tolist() == [float(value)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-1, "-1"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        pytest.param(10**5000, "inf", id="beyond floats"),
        (True, "an object of type bool"),
        (None, "an object of type NoneType"),
        ("3", "an object of type str"),
        (torch.tensor(3.0), "an object of type Tensor"),
        (3 + 0j, "an object of type complex"),
    ],
)
def test_what_is_no_cost_is_refused(value: object, shown: str) -> None:
    with pytest.raises(Diagnosed) as raised:
        own(WIDE, lambda _: value)(torch.ones(1, 10, dtype=torch.bool))  # type: ignore[arg-type,return-value]
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "BSN218"
    assert diagnostic.message == f"`toys:cost` must return a finite number of at least 0, not {shown}"


def test_a_function_that_fails_is_named() -> None:
    graph = network((1, 4, 4), {"y": []}, [("x", "y", [conv(1)], FIXED)])

    def fails(_: Graph) -> float:
        raise ValueError("no such device\nat all")

    with pytest.raises(Diagnosed) as raised:
        own(graph, fails)(torch.ones(1, 1, dtype=torch.bool))
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "BSN218"
    assert diagnostic.message == "`toys:cost` fails on an architecture of 1 edge: ValueError: no such device"
    assert diagnostic.subject == 'budget extern "toys:cost"'


def test_a_function_that_ends_the_program_does_not() -> None:
    graph = network((1, 4, 4), {"y": []}, [("x", "y", ["relu"], FIXED)])
    key = CostKey(name="extern", options=(("function", "toys:cost"),))
    cost = cost_of(key, graph, Given(functions={"toys:cost": lambda _: sys.exit(0)}))
    with pytest.raises(Diagnosed) as caught:
        cost(torch.ones(1, 1, dtype=torch.bool))
    assert [d.code for d in caught.value.diagnostics] == ["BSN218"]
