"""Profiles: fitted, cached, kept apart by what they hold for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bsnc.cost import Given, LatencyTable, cost_of
from bsnc.export import Fragments, Pace, Plan, Profile, Setting, load_profile, profile_graph
from bsnc.export.latency import modules, profile
from bsnc.export.latency.cache import load, store
from bsnc.export.latency.fragments import module_key
from bsnc.export.latency.modules import OwnTime, own_times
from bsnc.export.latency.sample import spread_architectures
from bsnc.ir import CostKey, Graph, edges_on_a_path, live_edges
from tests.laws.build import FIXED, conv, network, option

KEY = CostKey(name="latency")
QUICK = Plan(architectures=6, held_out=4, pace=Pace(rounds=1, runs=2, seconds=0))


def grid() -> Graph:
    """Few modules, 2^5 · 2 samples."""
    links: list[Any] = [("x", "a", [conv(2)], FIXED)]
    links += [("a", "b", steps, gate) for steps, gate in (([conv(2)], "p"), ([conv(2, 1)], "q"), (["identity"], "r"))]
    links += [("b", "c", [conv(2)], "s"), ("b", "c", [conv(2, 1)], "t")]
    links += [("c", "y", [conv(2)], option("g", 0, 2)), ("c", "y", ["identity"], option("g", 1, 2))]
    return network((2, 4, 4), {"a": ["relu"], "b": ["relu"], "c": [], "y": []}, links)


def true_seconds(graph: Graph, live: np.ndarray) -> np.ndarray:
    """A linear latency: what each module takes, 2 µs a live edge, 100 µs a run."""
    own = np.array([own_of(edge) for edge in graph.edges])
    return 1e-4 + live @ (1.5 * own + 2e-6)


def own_of(edge: Any) -> float:
    return {"conv": 1e-5 * edge.module[0].arguments.get("kernel", 0), "identity": 3e-6}[edge.module[0].op]


@pytest.fixture
def linear_machine(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Measurements follow `true_seconds`; gives what was measured, call by call."""
    calls: list[str] = []
    graph = grid()

    def modules_times(models: list, *others: Any) -> np.ndarray:
        calls.append("modules")
        names = {module_key(edge.module): own_of(edge) for edge in graph.edges}
        own = [names[module_key(model.args[0])] for model in models]
        return np.array([1e-5 + seconds * model.args[1] for seconds, model in zip(own, models, strict=True)])

    def architecture_times(models: list, *others: Any) -> np.ndarray:
        calls.append("architectures")
        return true_seconds(graph, np.stack([model.args[0] for model in models]).astype(float))

    monkeypatch.setattr(modules, "quiet_times", modules_times)
    monkeypatch.setattr(profile, "quiet_times", architecture_times)
    return calls


def test_a_linear_machine_is_predicted_exactly(linear_machine: list[str], fragments: Fragments) -> None:
    graph = grid()
    found = profile_graph(graph, KEY, QUICK, fragments=fragments)
    assert (found.architectures, found.held_out) == (6, 4)
    assert found.spearman == pytest.approx(1) and found.worst_error == pytest.approx(0, abs=1e-6)
    live = live_edges(graph, np.ones((1, len(graph.edges)), dtype=bool))
    predicted = cost_of(KEY, graph, Given(latency=dict.fromkeys([KEY], found.table)))(torch.from_numpy(live))
    assert predicted.tolist() == pytest.approx(true_seconds(graph, live))
    assert sorted({round(m.own, 9) for m in found.modules}) == [3e-6, 1e-5, 3e-5]
    assert sum(m.edges for m in found.modules) == len(graph.edges)


def test_the_errors_are_those_of_the_pairs_held_out(fragments: Fragments) -> None:
    """Measured for once: figures differ from run to run, what they mean does not."""
    found = profile_graph(grid(), KEY, QUICK, fragments=fragments)
    errors = [abs(p.predicted / p.measured - 1) for p in found.pairs if p.held_out]
    assert len(errors) == 4 and found.worst_error == max(errors)
    assert found.median_error == pytest.approx(np.median(errors))
    assert not found.pairs[0].held_out and not found.pairs[-1].held_out
    assert all(weight >= 0 for weight in (*found.table.edges, *found.table.nodes, found.table.constant))
    assert all(pair.measured > 0 for pair in found.pairs)


def test_too_few_architectures_are_all_fitted(fragments: Fragments) -> None:
    links: list[Any] = [("x", "y", [conv(2)], FIXED), ("x", "y", ["identity"])]
    found = profile_graph(network((2, 4, 4), {"y": []}, links), KEY, QUICK, fragments=fragments)
    assert (found.architectures, found.held_out) == (2, 0)
    assert found.spearman is found.median_error is found.worst_error is None


def test_a_prediction_is_the_sum_over_live_edges_and_nodes() -> None:
    graph = grid()
    edges, nodes = tuple(float(3**i) for i in range(len(graph.edges))), (0.0, 0.5, 0.25, 0.125, 0.0625)
    cost = cost_of(
        KEY, graph, Given(latency=dict.fromkeys([KEY], LatencyTable(edges=edges, nodes=nodes, constant=7.0)))
    )
    names = ["x->a", "a->b", "b->c#1", "c->y"]
    live = torch.tensor([[edge.name in names for edge in graph.edges], [False] * len(graph.edges)])
    by_hand = 7 + sum(edges[graph.edge_index[name]] for name in names) + 0.5 + 0.25 + 0.125 + 0.0625
    assert cost(live).tolist() == [by_hand, 0]


def test_an_edge_that_lost_channels_takes_less() -> None:
    links: list[Any] = [("x", "c", [conv(3)]), ("x", "c", [conv(1)]), ("c", "y", ["relu", conv(2)], FIXED)]
    graph = network((2, 4, 4), {"c": [], "y": []}, links, shapes={"c": (4, 4, 4)}, aggregations={"c": "concat"})
    table = LatencyTable(edges=(1.0, 2.0, 8.0), nodes=(0.0, 0.0, 0.0), constant=0.5)
    cost = cost_of(KEY, graph, Given(latency=dict.fromkeys([KEY], table)))
    live = torch.tensor([[True, True, True], [True, False, True], [False, True, True]])
    assert cost(live).tolist() == [0.5 + 1 + 2 + 8, 0.5 + 1 + 6, 0.5 + 2 + 2]


# ---- architectures ----


def test_architectures_are_distinct_connected_and_reach_from_cheapest_to_costliest() -> None:
    graph = grid()
    seconds = np.array([own_of(edge) for edge in graph.edges])
    live = spread_architectures(graph, seconds, 12)
    costs = live @ seconds
    assert len(np.unique(live, axis=0)) == len(live) == 12 and live.any(axis=1).all()
    assert (live_edges(graph, live) == live).all()
    assert (np.diff(costs) >= 0).all()
    assert costs[0] == pytest.approx(3e-5 + 3e-6 + 1e-5 + 3e-6) and costs[-1] == pytest.approx(
        3e-5 + 4.3e-5 + 4e-5 + 3e-5
    )
    assert (spread_architectures(graph, seconds, 12) == live).all()
    assert len(spread_architectures(graph, seconds, 1)) == 1


def test_without_gates_there_is_one() -> None:
    links: list[Any] = [("x", "h", [conv(2)], FIXED), ("h", "y", [conv(2)], FIXED), ("x", "d", [conv(2)], FIXED)]
    graph = network((2, 4, 4), {"h": [], "d": [], "y": []}, links)
    live = spread_architectures(graph, np.ones(3), 5)
    assert live.tolist() == [edges_on_a_path(graph)]


# ---- cache ----


def test_what_was_measured_is_not_measured_again(linear_machine: list[str], fragments: Fragments) -> None:
    graph = grid()
    assert load_profile(graph, KEY) is None
    first = profile_graph(graph, KEY, QUICK, fragments=fragments)
    assert load_profile(graph, KEY) == first and linear_machine == ["modules", "architectures"]
    profile_graph(graph, KEY, QUICK, fragments=fragments)
    assert linear_machine == ["modules", "architectures", "architectures"]
    profile_graph(graph, KEY, QUICK, fresh=True, fragments=fragments)
    assert linear_machine[3:] == ["modules", "architectures"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"setting": 3}', b"\xff\xfe\x00"])
def test_damaged_files_are_ignored(
    linear_machine: list[str], fragments: Fragments, cache: Path, content: bytes
) -> None:
    graph = grid()
    first = profile_graph(graph, KEY, QUICK, fragments=fragments)
    files = list(cache.iterdir())
    assert len(files) == 4 and all(file.suffix == ".json" for file in files)
    for file in files:
        file.write_bytes(content)
    assert load_profile(graph, KEY) is None
    assert profile_graph(graph, KEY, QUICK, fragments=fragments) == first
    assert linear_machine == ["modules", "architectures"] * 2


def test_a_cache_that_cannot_be_written_changes_nothing(
    linear_machine: list[str], fragments: Fragments, cache: Path
) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text("a file where a directory should be", encoding="utf-8")
    assert profile_graph(grid(), KEY, QUICK, fragments=fragments).worst_error == pytest.approx(0, abs=1e-6)
    assert load_profile(grid(), KEY) is None


def test_a_profile_holds_for_one_graph_and_one_key(linear_machine: list[str], fragments: Fragments) -> None:
    graph = grid()
    profile_graph(graph, KEY, QUICK, fragments=fragments)
    others = [(("threads", "2"),), (("batch", "2"),)]
    assert [load_profile(graph, CostKey(name="latency", options=options)) for options in others] == [None, None]
    assert load_profile(graph.model_copy(update={"name": "other"}), KEY) is None


@pytest.mark.parametrize(
    "change", [{"threads": 2}, {"batch": 2}, {"onnxruntime": "0.1"}, {"device_name": "an abacus"}, {"device": "cuda"}]
)
def test_an_own_time_holds_for_one_setting(
    linear_machine: list[str], fragments: Fragments, change: dict[str, Any]
) -> None:
    setting, module = Setting.of(KEY), grid().edges[0].module
    named = {module_key(module): module}

    def measured(where: Setting) -> int:
        own_times(named, fragments, where, QUICK.pace, False, lambda what, done, total: None)
        return len(linear_machine)

    assert measured(setting) == measured(setting) == 1
    assert measured(setting.model_copy(update=change)) == 2


def test_a_profile_survives_the_disk() -> None:
    table = LatencyTable(edges=(0.1, 1 / 3), nodes=(0.0,), constant=1e-7)
    setting = Setting.of(KEY)
    whole = Profile(
        graph_hash="0", key=KEY, setting=setting, plan=QUICK, table=table, modules=(), pairs=(),
        spearman=None, median_error=0.1, worst_error=0.2,
    )  # fmt: skip
    store(whole, ["a"])
    assert load(Profile, ["a"]) == whole and load(OwnTime, ["a"]) is None and load(Profile, ["b"]) is None
