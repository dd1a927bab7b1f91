"""The cheapest path, where it is the cheapest architecture, against enumeration and without a program."""

import logging
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given

from bsnc.ir import Graph
from bsnc.search import LinearBudget, cheapest, cheapest_as_a_path
from bsnc.search.neighbours import one_gate_changed
from bsnc.search.rows import LARGE, Rows
from tests.laws.build import network
from tests.laws.strategies import law
from tests.search.test_architecture import Problem, problems, row_of


@law(60)
@given(problems())
def test_a_path_that_is_found_costs_least_of_all_architectures(problem: Problem) -> None:
    found = cheapest_as_a_path(problem.graph, problem.objective.budget())
    if found is not None:
        totals = problem.objective.totals(problem.choices)
        assert totals[row_of(problem, found)] == totals[problem.choices.connected].min()


def chain(length: int) -> Graph:
    """Two gated edges from each node to the next."""
    names = ["x", *(f"h{i}" for i in range(length)), "y"]
    links = [(a, b, [op]) for a, b in pairwise(names) for op in ("identity", "tanh")]
    return network((1,), {name: [] for name in names[1:]}, links, shapes=dict.fromkeys(names[1:-1], (1,)))


def test_where_every_gate_can_close_no_program_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bsnc.search.program.Program", None)
    graph = chain(3)
    weights = np.array([1.0 + ("tanh" in str(edge.module)) for edge in graph.edges])
    found = cheapest(graph, LinearBudget(weights, np.ones(len(graph.nodes))))
    assert found is not None and found.live.tolist() == (weights == 1).tolist()


def test_neighbours_are_spread_where_all_are_too_many() -> None:
    graph = chain(4)
    start = np.zeros(graph.switch_count, dtype=bool)
    rows, owners = one_gate_changed(graph, start, 3)
    assert owners == [0, 4, 8] and (rows.sum(1) == 1).all()
    assert len(one_gate_changed(graph, start)[0]) == len(graph.gates)


def test_who_waits_for_a_large_program_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bsnc"):
        Rows(chain(1))
        assert not caplog.messages
        Rows(chain(LARGE // 2))
    assert "minutes" in caplog.messages[0]
