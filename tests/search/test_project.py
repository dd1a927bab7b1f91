"""Projection onto budgets of every kind, and ranges of every cost, against enumeration of every choice of gates."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsnc.cost import Cost, Given, LatencyTable, cost_of
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import CostKey, Graph
from bsnc.search import Architecture, Extreme, Limit, Projection, least, most, project
from bsnc.search.conflict import conflicts
from bsnc.train import limit_of
from tests.laws.brute_force import Choices, every_choice
from tests.laws.build import FIXED, conv, network
from tests.laws.strategies import law, networks

TOLERANCE = 1e-5
"""Of a sum of logits: what the solver may take for equal."""
OWN = CostKey(name="extern", options=(("function", "toys:cost"),))
LATENCY = CostKey(name="latency")
KEYS = [
    *(CostKey(name=name) for name in ["flops", "params", "weights", "memory", "memory"]),
    *(CostKey(name="steps", options=(("cores", str(cores)),)) for cores in [1, 2, 3]),
    LATENCY,
    OWN,
]
GRAPHS = networks(max_nodes=6, max_gates=8)


def checksum(graph: Graph) -> int:
    """A cost that neither grows nor falls with the edges."""
    return sum(zlib.crc32(edge.name.encode()) for edge in graph.edges) % 11


@st.composite
def costs(draw: st.DrawFn, graph: Graph, keys: list[CostKey] = KEYS) -> Cost:
    def seconds(count: int) -> tuple[float, ...]:
        """Multiples of a power of 2, so that sums are exact in any order."""
        return tuple(n / 2**20 for n in draw(st.lists(st.integers(0, 10_000), min_size=count, max_size=count)))

    key = draw(st.sampled_from(keys))
    if key == LATENCY:
        table = LatencyTable(edges=seconds(len(graph.edges)), nodes=seconds(len(graph.nodes)), constant=seconds(1)[0])
        return cost_of(key, graph, Given(latency={key: table}))
    return cost_of(key, graph, Given(functions={"toys:cost": checksum}))


@dataclass(frozen=True)
class Problem:
    graph: Graph
    choices: Choices
    logits: np.ndarray
    limits: list[Limit]

    @property
    def allowed(self) -> np.ndarray:
        return self.choices.connected & np.all([limit.holds(self.choices.live) for limit in self.limits], axis=0)


@st.composite
def problems(draw: st.DrawFn, graphs: st.SearchStrategy[Graph] = GRAPHS) -> Problem:
    """Up to three budgets, each at what some choice costs, or a little above or below."""
    graph = draw(graphs)
    choices = every_choice(graph)
    limits: list[Limit] = []
    for _ in range(draw(st.integers(1, 3))):
        cost = draw(costs(graph))
        reached = sorted(set(cost(torch.from_numpy(choices.live[choices.connected])).tolist()))
        bound = draw(st.sampled_from(reached)) * draw(st.sampled_from([1, 1, 1, 1.01, 0.99, 0.5]))
        limits.append(limit_of(cost, max(bound, 1e-3)))
    logit = st.one_of(st.sampled_from([-30.0, -8.0, -1.0, 0.0, 0.0, 1.0, 8.0, 30.0]), st.floats(-8, 8))
    logits = draw(st.lists(logit, min_size=graph.switch_count, max_size=graph.switch_count))
    return Problem(graph, choices, np.array(logits, dtype=float), limits)


def row_of(problem: Problem, found: Architecture) -> int:
    """Which of all choices an architecture is; its live edges are those of that choice."""
    row = int(np.flatnonzero((problem.choices.switches == found.switches).all(1))[0])
    assert np.array_equal(found.live, problem.choices.live[row])
    return row


def check(problem: Problem, found: Projection) -> None:
    """Never over a budget, and never better or worse than what is claimed."""
    scores, allowed = problem.choices.switches @ problem.logits, problem.allowed
    if found.architecture is None:
        assert not found.exact or not allowed.any()
        return
    row = row_of(problem, found.architecture)
    assert allowed[row]
    assert not found.exact or found.gap == 0
    assert scores[row] <= scores[allowed].max() <= scores[row] + found.gap + TOLERANCE


@law(250)
@given(problems())
def test_projection_is_the_best_of_all_choices(problem: Problem) -> None:
    found = project(problem.graph, problem.logits, problem.limits)
    assert found.exact
    check(problem, found)


@law(15)
@given(problems(networks(max_nodes=8, max_gates=12)))
def test_so_it_is_with_twelve_gates(problem: Problem) -> None:
    found = project(problem.graph, problem.logits, problem.limits)
    assert found.exact
    check(problem, found)


@law(200)
@given(problems())
def test_proposals_end_with_the_best_of_all_choices(problem: Problem) -> None:
    """Where not all samples are looked at. So small a graph has no more architectures than proposals are tried."""
    found = project(problem.graph, problem.logits, problem.limits, few=0, proposals=300)
    assert found.exact
    check(problem, found)


TIGHT = """
network tight() {
  input  x: float[4, 4, 4]
  output y: float[3]
  node h1 = concat | relu
  node h2 = sum
  node h3 = max
  node h4 = sum | relu
  node h5 = sum
  gate both
  fixed edge x -> h1 : conv(1, 3)
  edge h1 -> h2 : conv(4, 1) | conv_transpose(4, 3) | conv(4, 1)
  edge h2 -> h3 : conv(4, 1)
  edge h1 -> h3 : conv(4, 1) | upsample(2) | conv(4, 3, stride = 2) | conv(4, 3)
  edge h2 -> h3 : conv(4, 3) @ both
  edge h3 -> h4 : upsample(2) | conv(4, 3, stride = 2) | conv(2, 3)
  edge x -> h5 : conv(4, 3)
  fixed edge x -> h5 : conv(4, 3, groups = 2) | conv(4, 1)
  edge h3 -> h5 : conv(8, 1) | pixel_shuffle(2) | max_pool(2, stride = 2) | conv(4, 1) @ both
  edge h5 -> y : global_avg_pool | flatten | linear(3)
}
"""


@pytest.mark.parametrize("seed", range(6))
def test_at_the_least_bound_that_works_the_best_is_found_all_the_same(seed: int, tmp_path: Path) -> None:
    """Only what costs just the bound is allowed, which a solver with a tolerance may miss."""
    (tmp_path / "tight.bsn").write_text(TIGHT, encoding="utf-8")
    graph = load_program(tmp_path / "tight.bsn", Overrides())[0].graph
    flops = cost_of(CostKey(name="flops"), graph)
    limits = [limit_of(flops, least(graph, limit_of(flops)).value)]
    logits = np.random.default_rng(seed).normal(size=graph.switch_count) * 3
    best, found = project(graph, logits, limits), project(graph, logits, limits, few=0)
    assert best.architecture is not None and found.architecture is not None and found.exact
    assert logits @ found.architecture.switches == pytest.approx(logits @ best.architecture.switches, abs=TOLERANCE)


@law(200)
@given(problems(), st.integers(0, 2))
def test_a_local_search_keeps_the_budgets_and_is_no_further_from_the_best_than_it_says(
    problem: Problem, proposals: int
) -> None:
    check(problem, project(problem.graph, problem.logits, problem.limits, few=0, proposals=proposals))


@st.composite
def priced(draw: st.DrawFn) -> tuple[Graph, Cost]:
    graph = draw(GRAPHS)
    return graph, draw(costs(graph))


def connected_costs(graph: Graph, cost: Cost) -> np.ndarray:
    choices = every_choice(graph)
    return cost(torch.from_numpy(choices.live[choices.connected])).numpy()


def attained(found: Extreme, cost: Cost) -> float:
    return cost(torch.from_numpy(found.architecture.live[None])).item()


@law(200)
@given(priced())
def test_ranges_are_those_of_all_choices(case: tuple[Graph, Cost]) -> None:
    graph, cost = case
    every, low, high = connected_costs(graph, cost), least(graph, limit_of(cost)), most(graph, limit_of(cost))
    assert (low.value, low.bound) == pytest.approx((every.min(), every.min()), rel=1e-6)
    assert (high.value, high.bound) == pytest.approx((every.max(), every.max()), rel=1e-6)


@law(200)
@given(priced())
def test_ranges_hold_where_not_all_choices_are_looked_at(case: tuple[Graph, Cost]) -> None:
    graph, cost = case
    every = connected_costs(graph, cost)
    low, high = least(graph, limit_of(cost), few=0), most(graph, limit_of(cost), few=0)
    assert low.value == pytest.approx(attained(low, cost)) and high.value == pytest.approx(attained(high, cost))
    assert low.bound <= every.min() * (1 + 1e-6) and every.max() <= high.bound * (1 + 1e-6)
    assert low.value >= every.min() * (1 - 1e-6) and high.value <= every.max() * (1 + 1e-6)


@law(200)
@given(problems(), st.randoms(use_true_random=False))
def test_a_conflict_rules_out_what_breaks_a_limit_and_nothing_else(problem: Problem, random: object) -> None:
    """Its own choice among it; of the choices that it rules out every one breaks a limit."""
    broken = np.flatnonzero(problem.choices.connected & ~problem.allowed)
    if len(broken) == 0:
        return
    row = broken[random.randrange(len(broken))]  # type: ignore[attr-defined]
    switches = problem.choices.switches
    chosen = Architecture(switches[row], problem.choices.live[row])
    found = list(conflicts(problem.graph, chosen, problem.limits, problem.logits.tolist()))
    assert found
    for conflict in found:
        taken = np.array([switches[:, list(group)].any(1) for group in conflict.on]).reshape(-1, len(switches))
        ruled_out = taken.all(0) & ~switches[:, list(conflict.off)].any(1)
        assert ruled_out[row] and not problem.allowed[ruled_out].any()


LINE = network((1, 4, 4), {"y": []}, [("x", "y", [conv(1)], FIXED)])


def own(graph: Graph, bound: float, value: float) -> Limit:
    return limit_of(cost_of(OWN, graph, Given(functions={"toys:cost": lambda _: value})), bound)


@pytest.mark.parametrize("few", [4096, 0])
def test_without_gates_there_is_one_architecture_or_none(few: int) -> None:
    weights = cost_of(CostKey(name="weights"), LINE)
    cost = weights(torch.ones(1, 1, dtype=torch.bool)).item()
    found = project(LINE, np.zeros(0), [limit_of(weights, cost), own(LINE, 1.0, 1.0)], few)
    assert found.architecture is not None and found.architecture.live.tolist() == [True] and found.exact
    assert project(LINE, np.zeros(0), [limit_of(weights, cost - 1)], few) == Projection(None, exact=True)
    assert project(LINE, np.zeros(0), [own(LINE, 0.5, 1.0)], few) == Projection(None, exact=True)


@pytest.mark.parametrize("few", [4096, 0])
def test_a_function_that_is_the_same_everywhere_allows_all_or_nothing(few: int) -> None:
    graph = network((1, 4, 4), {"y": []}, [("x", "y", [conv(1)]) for _ in range(5)])
    logits = np.array([1.0, -1.0, 2.0, -3.0, 0.5])
    found = project(graph, logits, [own(graph, 3.0, 3.0)], few)
    assert (
        found.exact and found.architecture is not None and found.architecture.switches.tolist() == (logits > 0).tolist()
    )
    assert project(graph, logits, [own(graph, 2.9, 3.0)], few) == Projection(None, exact=True)


@pytest.mark.parametrize("few", [4096, 0])
def test_a_bound_below_what_every_run_takes_allows_nothing(few: int) -> None:
    graph = network((1, 4, 4), {"y": []}, [("x", "y", [conv(1)]) for _ in range(2)])
    table = LatencyTable(edges=(0.0, 0.0), nodes=(0.0, 0.0), constant=2.0)
    latency = cost_of(LATENCY, graph, Given(latency={LATENCY: table}))
    assert project(graph, np.ones(2), [limit_of(latency, 1.0)], few) == Projection(None, exact=True)
    found = project(graph, np.ones(2), [limit_of(latency, 2.0)], few)
    assert found.architecture is not None and found.architecture.switches.all()
