"""Searches that are given a loss and a number of evaluations, against enumeration and exact programs."""

import statistics
import zlib
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bsnc.ir import Graph, SearchConfig, Strategy
from bsnc.search import (
    BLACK_BOX,
    ESTIMATORS,
    Found,
    Limit,
    LinearBudget,
    NothingFeasible,
    Problem,
    free_gates,
    limit_of_function,
    minimise,
    most_probable,
)
from tests.laws.brute_force import every_choice
from tests.laws.build import network, option
from tests.laws.strategies import law, networks

STRATEGIES: list[Strategy] = ["policy_gradient", "evolution", "random"]


def estimating(name: str) -> SearchConfig:
    return BLACK_BOX.model_copy(update={"estimator": name})


@law(100)
@given(
    networks(max_nodes=6, max_gates=8),
    st.sampled_from(STRATEGIES),
    st.sampled_from(["rloo", "reinforce", "disarm"]),
    st.sampled_from([1, 2, 5, 20, 60, 2000]),
    st.booleans(),
    st.data(),
)
def test_a_search_finds_the_best_that_it_evaluated_and_the_best_there_is_where_it_may_evaluate_all(
    graph: Graph, strategy: Strategy, estimator: str, evaluations: int, of_live: bool, data: st.DataObject
) -> None:
    """Of losses without any structure, under a bound on a weighted count of live edges."""
    choices, salt = every_choice(graph), data.draw(st.integers(0, 99))
    weights = np.array(data.draw(st.lists(st.integers(0, 5), min_size=len(graph.edges), max_size=len(graph.edges))))
    costs = choices.live @ weights
    reached = sorted(set(costs[choices.connected].tolist()))
    bound = data.draw(st.sampled_from(reached)) + data.draw(st.sampled_from([0, 0, 2, -1]))
    allowed = choices.connected & (costs <= bound)
    asked: list[bytes] = []

    def told(live: np.ndarray) -> float:
        return zlib.crc32(live.tobytes(), salt) % 1000 / 7

    def loss(switches: Tensor, live: Tensor) -> Tensor:
        asked.extend(row.tobytes() for row in (live if of_live else switches).numpy())
        return torch.tensor([told(row) for row in live.numpy()], dtype=torch.float64)

    problem = Problem(graph, loss, (limit_of_function(lambda live: (live @ weights).astype(float), bound),), of_live)
    if not allowed.any():
        with pytest.raises(NothingFeasible, match="no connected architecture"):
            minimise(problem, evaluations, strategy)
        assert not asked
        return
    found = minimise(problem, evaluations, strategy, salt, estimating(estimator))
    (row,) = np.flatnonzero((choices.switches == found.architecture.switches).all(1))
    assert np.array_equal(choices.live[row], found.architecture.live) and allowed[row]
    assert len(set(asked)) == len(asked) == found.evaluations <= evaluations
    keys = choices.live if of_live else choices.switches
    losses = {keys[i].tobytes(): told(choices.live[i]) for i in np.flatnonzero(allowed)}
    assert set(asked) <= ({key.tobytes() for key in keys} if strategy == "policy_gradient" else losses.keys())
    assert found.loss == losses[asked[found.found_at - 1]] == min(losses[key] for key in asked if key in losses)
    if evaluations >= len(choices.switches):
        assert found.loss == min(losses.values()) and found.learner is None


def test_a_choice_of_one_option_always_has_it() -> None:
    links = [("x", "y", ["identity"], option("k", 0, 1)), *(("x", "y", ["identity"]) for _ in range(8))]
    graph, asked = network((1,), {"y": []}, links), list[Tensor]()

    def loss(switches: Tensor, live: Tensor) -> Tensor:
        asked.append(switches)
        return live.sum(1).double()

    minimise(Problem(graph, loss, of_live=False), 100)
    assert torch.cat(asked)[:, 0].all()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("bound", [0.0, np.inf])
def test_a_bound_may_be_nothing_or_infinite_also_beyond_what_is_enumerated(strategy: Strategy, bound: float) -> None:
    limit = limit_of_function(lambda live: live.sum(1) - 14.0, bound)
    problem = Problem(free_gates([1] * 14), lambda switches, live: -switches.sum(1).double(), (limit,))
    found = minimise(problem, 100, strategy)
    assert (found.loss == 0) if bound == 0 else (found.loss < -10)


@pytest.mark.parametrize("strategy", ["policy_gradient", "random"])
def test_what_is_feasible_by_one_projection_need_not_be_found_by_the_next(strategy: Strategy) -> None:
    """One in a hundred is within the limit, and no neighbour of it."""
    graph = free_gates([1] * 13)
    weights = np.random.default_rng(4).integers(1, 2**31, len(graph.edges))
    limit = limit_of_function(lambda live: (live @ weights % 97 != 0).astype(float), 0.5)
    worth = torch.linspace(-1, 1, 13, dtype=torch.float64)
    found = minimise(Problem(graph, lambda switches, live: switches.double() @ worth, (limit,)), 80, strategy)
    assert limit.holds(found.architecture.live[None]).all()


@pytest.mark.parametrize("evaluations", [0, -1])
def test_a_search_without_evaluations_is_refused(evaluations: int) -> None:
    with pytest.raises(ValueError, match="at least one evaluation"):
        minimise(Problem(free_gates([1]), lambda switches, live: live.sum(1)), evaluations)


@dataclass(frozen=True)
class Knapsack:
    """Switches of random worth and weight, perhaps worth more or less together, under a bound on their weight."""

    problem: Problem
    worth: np.ndarray
    budget: LinearBudget

    @property
    def optimum(self) -> float:
        """Of worths that add up."""
        best = most_probable(self.problem.graph, self.worth, [self.budget])
        assert best is not None
        return -float(best.switches @ self.worth)


def knapsack(values: list[int], seed: int, pairs: float = 0.0) -> Knapsack:
    graph, random = free_gates(values), np.random.default_rng(seed)
    worth, together = (random.normal(size=(graph.switch_count,) * n) * scale for n, scale in ((1, 1.0), (2, pairs)))
    weights = np.array([0.0 if s is None else random.integers(1, 20) for s in graph.edge_switches])
    budget = LinearBudget(weights, np.zeros(len(graph.nodes)), 0.3 * float(weights.sum()))

    def loss(switches: Tensor, live: Tensor) -> Tensor:
        on = switches.double()
        return -(on @ torch.from_numpy(worth)) - ((on @ torch.from_numpy(together)) * on).sum(1)

    def count(live: np.ndarray) -> np.ndarray:
        return live @ weights

    limit = Limit(count, budget.bound, count, (budget,), is_linear=True, grows=True)
    return Knapsack(Problem(graph, loss, (limit,)), worth, budget)


def check(task: Knapsack, found: Found, evaluations: int) -> None:
    switches, live = (torch.from_numpy(a)[None] for a in (found.architecture.switches, found.architecture.live))
    assert task.problem.feasible(live).all() and found.evaluations <= evaluations
    assert found.loss == pytest.approx(task.problem.loss(switches, live).item())


@pytest.mark.parametrize("values", [[1] * 20, [3, 1, 1, 4, 2, 1, 1, 1, 5, 1, 3, 1]], ids=["gates", "choices"])
@pytest.mark.parametrize(
    ("strategy", "estimator"),
    [*(("policy_gradient", name) for name in ESTIMATORS), ("evolution", "rloo"), ("random", "rloo")],
)
def test_one_seed_gives_one_result_within_the_limits(values, strategy: Strategy, estimator: str) -> None:
    task = knapsack(values, seed=1, pairs=0.2)
    one, same, other = (minimise(task.problem, 60, strategy, seed, estimating(estimator)) for seed in (1, 1, 2))
    check(task, one, 60)
    assert np.array_equal(one.architecture.switches, same.architecture.switches)
    assert (one.loss, one.evaluations, one.found_at) == (same.loss, same.evaluations, same.found_at)
    assert (one.loss, one.found_at) != (other.loss, other.found_at)
    assert (one.learner is not None) == (strategy == "policy_gradient")


def searches(strategy: Strategy, evaluations: int, estimator: str = "rloo", pairs: float = 0.0) -> list[Found]:
    """Of six knapsacks of 20 gates."""
    tasks = [knapsack([1] * 20, seed, pairs) for seed in range(6)]
    return [minimise(t.problem, evaluations, strategy, n, estimating(estimator)) for n, t in enumerate(tasks)]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_gates_that_learn_find_the_best_of_a_million_in_150_evaluations(estimator: str) -> None:
    """And lean to what is worth much."""
    tasks, found = [knapsack([1] * 20, seed) for seed in range(6)], searches("policy_gradient", 150, estimator)
    above = [f.loss - task.optimum for f, task in zip(found, tasks, strict=True)]
    assert min(above) >= -1e-6 and sum(gap <= 1e-6 for gap in above) >= 4
    for f, task in zip(found, tasks, strict=True):
        assert f.learner is not None
        assert np.corrcoef(f.learner.gates.logits.numpy(), task.worth)[0, 1] > 0.5


def test_gates_that_learn_do_better_than_evolution_and_this_much_better_than_chance() -> None:
    learnt, evolved, chance = (statistics.mean(f.loss for f in searches(s, 200, pairs=0.3)) for s in STRATEGIES)
    assert learnt < evolved < (learnt + chance) / 2
