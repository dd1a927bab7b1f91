"""The exact programs against enumeration of every choice of gates."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bsnc.ir import Graph, channel_pairs, forced_edges
from bsnc.search import Architecture, LinearBudget, cheapest, costliest, most_probable
from bsnc.search.architecture import cost_of_live
from tests.laws.brute_force import Choices, every_choice, paths
from tests.laws.build import FIXED, network
from tests.laws.strategies import law, networks

GRAPHS = networks(max_nodes=6, max_gates=8)


@dataclass(frozen=True)
class Weights:
    """Costs of edges, nodes and pairs of edges, and their total for every choice of gates."""

    edges: np.ndarray
    nodes: np.ndarray
    pairs: dict[tuple[int, int], float]

    def totals(self, choices: Choices) -> np.ndarray:
        together = sum(cost * (choices.live[:, i] & choices.live[:, j]) for (i, j), cost in self.pairs.items())
        return choices.live @ self.edges + choices.nodes @ self.nodes + together

    def budget(self, bound: float = np.inf) -> LinearBudget:
        return LinearBudget(self.edges, self.nodes, bound, np.array(list(self.pairs.values())))


@dataclass(frozen=True)
class Problem:
    graph: Graph
    choices: Choices
    objective: Weights
    budgets: list[LinearBudget]
    feasible: np.ndarray
    logits: np.ndarray


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Whole weights of mixed sizes, many 0 or alike; bounds that some choice reaches exactly, or just misses."""
    graph = draw(GRAPHS)
    choices = every_choice(graph)
    unit = draw(st.sampled_from([1, 1, 1000, 37_748_736]))
    weight = st.one_of(st.just(0), st.integers(0, 3).map(lambda n: n * unit), st.integers(0, 3 * unit))

    def weights() -> Weights:
        edges = draw(st.lists(weight, min_size=len(graph.edges), max_size=len(graph.edges)))
        nodes = draw(st.lists(weight, min_size=len(graph.nodes), max_size=len(graph.nodes)))
        pairs = {pair: float(draw(weight)) for pair in channel_pairs(graph)}
        return Weights(np.array(edges, dtype=float), np.array(nodes, dtype=float), pairs)

    budgets: list[LinearBudget] = []
    feasible = choices.connected.copy()
    for _ in range(draw(st.integers(0, 3))):
        limited = weights()
        totals = limited.totals(choices)
        bound = draw(st.sampled_from(sorted(set(totals[choices.connected])))) + draw(st.sampled_from([0, 0, -1, 0.5]))
        bound = max(bound, 0.5)
        budgets.append(limited.budget(bound))
        feasible &= totals <= bound
    logit = st.one_of(st.sampled_from([-8.0, 0.0, 8.0]), st.floats(-8, 8))
    logits = draw(st.lists(logit, min_size=graph.switch_count, max_size=graph.switch_count))
    return Problem(graph, choices, weights(), budgets, feasible, np.array(logits, dtype=float))


def row_of(problem: Problem, found: Architecture) -> int:
    """Which of all choices an architecture is; its live edges are those of that choice."""
    row = int(np.flatnonzero((problem.choices.switches == found.switches).all(1))[0])
    assert np.array_equal(found.live, problem.choices.live[row])
    return row


@law(250)
@given(problems())
def test_cheapest_is_the_least_cost_of_all_feasible_choices(problem: Problem) -> None:
    found = cheapest(problem.graph, problem.objective.budget(), problem.budgets)
    if not problem.feasible.any():
        assert found is None
        return
    assert found is not None
    row = row_of(problem, found)
    totals = problem.objective.totals(problem.choices)
    greatest = max(problem.objective.edges.max(), problem.objective.nodes.max())
    assert problem.feasible[row]
    assert totals[row] == pytest.approx(totals[problem.feasible].min(), rel=0, abs=1e-6 * greatest)


@law(250)
@given(problems())
def test_most_probable_is_the_greatest_sum_of_log_odds_of_all_feasible_choices(problem: Problem) -> None:
    found = most_probable(problem.graph, problem.logits, problem.budgets)
    if not problem.feasible.any():
        assert found is None
        return
    assert found is not None
    row = row_of(problem, found)
    scores = problem.choices.switches @ problem.logits
    assert problem.feasible[row]
    assert scores[row] == pytest.approx(scores[problem.feasible].max(), rel=0, abs=1e-5)


def test_a_budget_that_is_just_reached_is_met_and_one_unit_less_is_not() -> None:
    """At sizes at which a unit lies far below a solver's relative tolerance."""
    links = [("x", "y", ["identity"]), ("x", "y", ["tanh"]), ("x", "y", ["relu"])]
    graph = network((1,), {"y": []}, links)
    weights = np.array([100_000_007.0, 100_000_006.0, 99_999_999.0])
    logits = np.array([2.0, 1.0, 0.5])
    expected = {100_000_007.0: [1, 0, 0], 100_000_006.0: [0, 1, 0], 100_000_005.0: [0, 0, 1], 99_999_999.0: [0, 0, 1]}
    for bound, gates in expected.items():
        budget = LinearBudget(weights, np.zeros(2), bound)
        found = most_probable(graph, logits, [budget])
        assert found is not None and found.switches.tolist() == gates
        assert cheapest(graph, budget, [budget]) is not None
    assert most_probable(graph, logits, [LinearBudget(weights, np.zeros(2), 99_999_998.0)]) is None


def test_a_feasible_problem_that_presolving_calls_infeasible_is_solved() -> None:
    """Found by a longer run of the law above: with its presolve HiGHS reported that there is no solution."""
    links = [
        ("x", "a", ["identity"], FIXED),
        ("a", "b", ["identity"], "g6"),
        ("x", "b", ["identity"], "g2"),
        ("a", "b", ["identity"], "g8"),
        ("a", "c", ["identity"], "g4"),
        ("b", "c", ["identity"], "g4"),
        ("a", "c", ["identity"], "g8"),
        ("b", "c", ["identity"], "g4"),
        ("b", "y", ["identity"], FIXED),
    ]
    graph = network((1,), {"a": [], "b": [], "c": [], "y": []}, links)
    edges = np.array([521967150.0, 151738229, 5, 6, 0, 75019495, 25739909, 892969745, 388872319])
    objective = LinearBudget(edges, np.array([10.0, 860742768, 0, 32592463, 10]))
    edges = np.array([0.0, 334166920, 559855775, 8, 669288547, 0, 6, 6, 0])
    nodes = np.array([846319242.0, 5, 3, 6, 113153190])
    assert cheapest(graph, objective, [LinearBudget(edges, nodes, 113153206.0)]) is not None


def test_a_network_without_gates_has_one_architecture() -> None:
    graph = network((1,), {"y": []}, [("x", "y", ["identity"], FIXED)])
    budget = LinearBudget(np.array([5.0]), np.array([0.0, 2.0]), 7.0)
    found = cheapest(graph, budget, [budget])
    assert found is not None and found.live.tolist() == [True] and found.switches.shape == (0,)
    assert most_probable(graph, np.zeros(0), [LinearBudget(budget.edge_weights, budget.node_weights, 6.0)]) is None


def test_gates_that_save_nothing_follow_their_probability() -> None:
    """A gate whose edge is dead costs nothing, so that the budget cannot say against it."""
    links = [("x", "y", ["identity"]), ("h", "y", ["tanh"])]
    graph = network((1,), {"h": [], "y": []}, links, shapes={"h": (1,)})
    budget = LinearBudget(np.array([1.0, 100.0]), np.zeros(3), 1.0)
    found = most_probable(graph, np.array([1.0, 3.0]), [budget])
    assert found is not None and found.switches.tolist() == [True, True] and found.live.tolist() == [True, False]


@law(100)
@given(networks(max_gates=8))
@example(network((1,), {"y": []}, [("x", "y", ["identity"], FIXED)]))
def test_forced_edges_are_live_in_every_architecture_and_hold_those_on_every_path(graph: Graph) -> None:
    choices = every_choice(graph)
    always = {e.name for e, live in zip(graph.edges, choices.live[choices.connected].all(0), strict=True) if live}
    everything = {edge.name for edge in graph.edges}
    on_every_path = {e.name for e in graph.edges if not paths(graph, everything - {e.name})}
    assert on_every_path <= set(forced_edges(graph)) <= always
    if not graph.gates:
        assert set(forced_edges(graph)) == always


@law(80)
@given(problems())
def test_the_costliest_is_the_maximum_over_all_choices(problem: Problem) -> None:
    totals = problem.objective.totals(problem.choices)[problem.choices.connected]
    top = costliest(problem.graph, problem.objective.budget())
    assert cost_of_live(problem.graph, top.live, problem.objective.budget()) == totals.max()
