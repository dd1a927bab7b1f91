"""`steps` against a scheduler of the book, against the best of all schedules, and against counts by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, event, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bsnc.cost import Steps, cost_of, list_schedule, schedule
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import CostKey, Graph, live_edges
from tests.laws.brute_force import live_names
from tests.laws.build import FIXED, conv, network
from tests.laws.schedules import Tasks, by_steps, critical_path, is_in_forest, optimum, tasks_of
from tests.laws.strategies import law, networks_and_masks

Case = tuple[Graph, NDArray[np.bool_]]
CORES = [1, 2, 3, 4, 64]
cases = networks_and_masks(max_nodes=14, kinds=("vector", "image"))
small_cases = networks_and_masks(max_nodes=6, kinds=("vector", "image"))


def steps_of(graph: Graph, cores: int) -> Steps:
    cost = cost_of(CostKey(name="steps", options=(("cores", str(cores)),)), graph)
    assert isinstance(cost, Steps)
    return cost


def live_of(graph: Graph, rows: NDArray[np.bool_]) -> torch.Tensor:
    return torch.from_numpy(live_edges(graph, rows))


def counted(graph: Graph, cores: int, rows: NDArray[np.bool_]) -> list[float]:
    return steps_of(graph, cores)(live_of(graph, rows)).tolist()


def tasks_of_rows(graph: Graph, rows: NDArray[np.bool_]) -> list[Tasks]:
    return [tasks_of(graph, live_names(graph, row)) for row in rows]


@law(150)
@given(cases)
def test_steps_are_those_of_the_book(case: Case) -> None:
    graph, rows = case
    tasks = tasks_of_rows(graph, rows)
    for cores in CORES:
        assert counted(graph, cores, rows) == [len(by_steps(row, cores)) for row in tasks]


def schedules(case: Case) -> Iterator[tuple[NDArray[np.bool_], Tasks, int, list[list[str]]]]:
    """For every mask and number of cores: the mask, its tasks, the cores, and what each step runs."""
    graph, rows = case
    for row in rows:
        live = live_names(graph, row)
        tasks = tasks_of(graph, live)
        yield from ((row, tasks, cores, schedule(graph, live, cores)) for cores in CORES)


@law(100)
@given(cases)
def test_every_step_of_a_schedule_is_that_of_the_book(case: Case) -> None:
    graph, _ = case
    for row, tasks, cores, steps in schedules(case):
        assert [set(step) for step in steps] == by_steps(tasks, cores)
        assert counted(graph, cores, row[None]) == [len(steps)]


@law(100)
@given(cases)
def test_no_step_of_a_schedule_has_more_tasks_than_cores_or_one_that_comes_too_early(case: Case) -> None:
    for _, tasks, cores, steps in schedules(case):
        assert all(1 <= len(step) <= cores for step in steps)
        when = {task: i for i, step in enumerate(steps) for task in step}
        assert sorted(task for step in steps for task in step) == sorted(tasks)
        assert all(when[before] < when[task] for task, waits in tasks.items() for before in waits)


@law(100)
@given(cases)
def test_steps_lie_between_their_bounds(case: Case) -> None:
    """Above, Graham's for any list schedule: critical path · (1 − 1/n) + work / n."""
    graph, rows = case
    tasks = tasks_of_rows(graph, rows)
    longest, work = [critical_path(row) for row in tasks], [len(row) for row in tasks]
    for cores in CORES:
        steps = counted(graph, cores, rows)
        least = steps_of(graph, cores).lower_bound(live_of(graph, rows)).tolist()
        assert least == [max(path, math.ceil(Fraction(all_, cores))) for path, all_ in zip(longest, work, strict=True)]
        share = Fraction(1, cores)
        for low, count, path, all_ in zip(least, steps, longest, work, strict=True):
            assert low <= count <= min(all_, path * (1 - share) + all_ * share)
    assert counted(graph, 1, rows) == work
    assert counted(graph, 1000, rows) == longest


@law(200)
@given(small_cases, st.sampled_from([2, 3]))
def test_steps_are_near_the_best_of_all_schedules(case: Case, cores: int) -> None:
    """At most 2 − 1/n times it (Graham, 1966); where each task has one successor at most, no more (Hu, 1961)."""
    graph, rows = case
    small = [(row, tasks) for row, tasks in zip(rows, tasks_of_rows(graph, rows), strict=True) if 0 < len(tasks) <= 10]
    assume(small)
    for (_, tasks), steps in zip(small, counted(graph, cores, np.array([row for row, _ in small])), strict=True):
        best = optimum(tasks, cores)
        event(f"optimal: {steps == best}")
        assert best <= steps <= (2 - Fraction(1, cores)) * best
        assert steps == best or not is_in_forest(tasks)


@st.composite
def task_graphs(draw: st.DrawFn, most: int) -> list[list[int]]:
    """What each of up to `most` tasks waits for, some of it twice: any acyclic graph."""
    count = draw(st.integers(0, most))
    return [draw(st.lists(st.integers(0, i - 1), max_size=3)) if i else [] for i in range(count)]


def named(predecessors: list[list[int]]) -> Tasks:
    return {str(i): frozenset(map(str, waits)) for i, waits in enumerate(predecessors)}


@law(200)
@given(task_graphs(20), st.sampled_from(CORES))
def test_the_schedule_of_any_tasks_is_that_of_the_book(predecessors: list[list[int]], cores: int) -> None:
    steps = [{str(task) for task in step} for step in list_schedule(predecessors, cores)]
    assert steps == by_steps(named(predecessors), cores)


@law(200)
@given(task_graphs(9), st.sampled_from([2, 3]))
def test_the_schedule_of_any_tasks_is_near_the_best_of_all(predecessors: list[list[int]], cores: int) -> None:
    tasks = named(predecessors)
    steps, best = len(list_schedule(predecessors, cores)), optimum(tasks, cores)
    event(f"optimal: {steps == best}")
    assert best <= steps <= (2 - Fraction(1, cores)) * best
    assert steps == best or not is_in_forest(tasks)


def test_a_task_that_waits_for_a_later_one_is_refused() -> None:
    with pytest.raises(AssertionError, match="task 0 waits for 1"):
        list_schedule([[1], []], 2)


@law(100)
@given(cases)
def test_the_linear_costs_below_never_exceed_steps(case: Case) -> None:
    graph, rows = case
    live = live_of(graph, rows)
    for cores in CORES:
        cost = steps_of(graph, cores)
        work, shortest = (linear(live) for linear in cost.below)
        assert work.tolist() == pytest.approx([len(row) / cores for row in tasks_of_rows(graph, rows)])
        assert (torch.maximum(work, shortest) <= cost(live) + 1e-9).all()


@law(60)
@given(cases)
def test_a_batch_costs_what_its_rows_cost(case: Case) -> None:
    graph, rows = case
    for cores in CORES:
        assert counted(graph, cores, rows) == [counted(graph, cores, row[None])[0] for row in rows]


def test_more_examples_than_are_scheduled_at_a_time_cost_what_they_cost_alone() -> None:
    links = [("x", "h", [conv(2)])] * 3 + [("h", "y", [conv(2)])]
    graph = network((2, 4, 4), {"h": [], "y": []}, links)
    generator = np.random.default_rng(0)
    rows = generator.random((5000, 4)) < 0.7
    branches = np.where(rows[:, 3], rows[:, :3].sum(1), 0)
    assert counted(graph, 2, rows) == np.where(branches == 0, 0, 3 + -(-branches // 2)).tolist()


def test_an_empty_batch_has_no_costs() -> None:
    graph = network((2, 4, 4), {"h": [], "y": []}, [("x", "h", [conv(2)]), ("h", "y", [conv(2)])])
    for cores in CORES:
        assert counted(graph, cores, np.ones((0, 2), dtype=bool)) == []


def test_figures_by_hand() -> None:
    """Five branches of one task between two nodes, a shortcut beside one of them: 1 + 1 + ⌈5/n⌉ + 1 + 1 + 1."""
    branches = [("a", "b", [conv(2), "batch_norm", "relu"])] * 5
    shortcut = ("a", "b", ["identity", ("dropout", {"p": 0.2})])
    links = [("x", "a", [conv(2)], FIXED), *branches, shortcut, ("b", "y", ["relu"], FIXED)]
    graph = network((2, 4, 4), {"a": [], "b": ["relu"], "y": []}, links)
    rows = np.array([[1] * 8, [1, 1, 1, 0, 0, 0, 1, 1], [1, 0, 0, 0, 0, 0, 1, 1], [1] * 7 + [0]], dtype=bool)
    assert counted(graph, 1, rows) == [10, 7, 5, 0]
    assert counted(graph, 2, rows) == [8, 6, 5, 0]
    assert counted(graph, 3, rows) == [7, 6, 5, 0]
    assert counted(graph, 5, rows) == [6, 6, 5, 0]
    assert steps_of(graph, 2).lower_bound(live_of(graph, rows)).tolist() == [6, 6, 5, 0]
    assert [linear(live_of(graph, rows)).tolist() for linear in steps_of(graph, 2).below] == [
        [5, 3.5, 2.5, 0],
        [5, 5, 5, 0],
    ]
    assert schedule(graph, live_names(graph, rows[0]), 2) == [
        ["x->a"],
        ["a"],
        ["a->b", "a->b#1"],
        ["a->b#2", "a->b#3"],
        ["a->b#4"],
        ["b"],
        ["b->y"],
        ["y"],
    ]


def test_a_free_edge_from_the_input_lets_nothing_wait() -> None:
    graph = network((2, 4, 4), {"a": [], "y": []}, [("x", "a", ["identity"]), ("a", "y", ["identity"])])
    assert schedule(graph, {"x->a", "a->y"}, 4) == [["a"], ["y"]]
    assert counted(graph, 4, np.ones((1, 2), dtype=bool)) == [2]


def test_the_branch_with_the_longest_way_to_go_comes_first() -> None:
    """Of one core the first step is not the first edge but the one with the long tail; ties go to the earlier node."""
    links = [("x", "a", [conv(2)]), ("x", "b", [conv(2)]), ("b", "c", [conv(2)]), ("a", "y", [conv(2)])]
    graph = network((2, 4, 4), {"a": [], "b": [], "c": [], "y": []}, [*links, ("c", "y", [conv(2)])])
    order = [name for (name,) in schedule(graph, {edge.name for edge in graph.edges}, 1)]
    assert order == ["x->b", "b", "x->a", "b->c", "a", "c", "a->y", "c->y", "y"]


def test_one_edge_less_may_take_a_step_more() -> None:
    """An anomaly: `a->b` makes `a` urgent; without it `a` is as urgent as `b` and `c`, and `c`, for which most wait,
    comes last of the three."""
    pairs = ["xa", "xb", "xc", "ab", "ad", "cd", "be", "ce", "cf", "dy", "ey", "fy"]
    links = [(pair[0], pair[1], ["identity"]) for pair in pairs]
    graph = network((2,), {name: [] for name in "abcdefy"}, links)
    rows = np.array([[True] * len(pairs), [edge.name != "a->b" for edge in graph.edges]])
    assert counted(graph, 2, rows) == [4, 5]
    assert schedule(graph, live_names(graph, rows[0]), 2) == [["a", "c"], ["b", "d"], ["e", "f"], ["y"]]
    assert schedule(graph, live_names(graph, rows[1]), 2) == [["a", "b"], ["c"], ["d", "e"], ["f"], ["y"]]


def graph_of(repository: Path, spec: str, *settings: str) -> Graph:
    return load_program(repository / "specs" / spec, Overrides(settings, ()))[0].graph


def test_resnet_20_takes_two_steps_a_node_on_two_cores(repository: Path) -> None:
    """11 nodes, an edge and an aggregation each; on one core the two shortcuts with a convolution come on top."""
    graph = graph_of(repository, "resnet_fabric.bsn")
    order = [graph.input.name, "stem", *(f"x[{g},{i}]" for g in range(3) for i in range(3)), graph.output.name]
    wanted = {f"{a}->{b}{number}" for a, b in pairwise(order) for number in ("", "#1")}
    rows = np.array([[edge.name in wanted for edge in graph.edges]])
    assert rows.sum() == 20
    assert counted(graph, 1, rows) == [24]
    assert counted(graph, 2, rows) == [22]


def test_the_fabric_of_two_layers(repository: Path) -> None:
    """28 edges and 13 aggregations; the longest path goes up once: 9 edges, 9 aggregations; 41 tasks on 2 cores take
    at least 21 steps."""
    graph = graph_of(repository, "cnf.bsn", "layers=2")
    rows = np.ones((1, len(graph.edges)), dtype=bool)
    assert counted(graph, 1, rows) == [41]
    assert counted(graph, 64, rows) == [18]
    assert steps_of(graph, 2).lower_bound(live_of(graph, rows)).tolist() == [21]
    tasks = tasks_of(graph, {edge.name for edge in graph.edges})
    assert counted(graph, 2, rows) == [len(by_steps(tasks, 2))] == [23]


def test_what_steps_are_called() -> None:
    graph = network((2, 4, 4), {"y": []}, [("x", "y", [conv(2)])])
    cost = steps_of(graph, 3)
    assert str(cost.key) == "steps(cores = 3)"
    assert cost.cores == 3
    assert not cost.grows
