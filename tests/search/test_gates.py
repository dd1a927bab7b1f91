"""Sampling of gates: the right distribution, consistent rows, one seed one sample."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsnc.ir import Graph, SearchConfig
from bsnc.search import ESTIMATORS, GateLearner, Gates, WideGates, expand_switches, initial_gates
from tests.laws.brute_force import every_choice, live_names
from tests.laws.build import network, option
from tests.laws.strategies import law, networks

SPARSE = network(
    (1,),
    {"h": [], "y": []},
    [
        ("x", "h", ["identity"], "a"),
        ("x", "h", ["tanh"], "b"),
        ("h", "y", ["relu"], "c"),
        ("x", "y", ["identity"], "d"),
    ],
)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def with_logits(graph: Graph, logits: list[float]) -> Gates:
    gates = Gates(graph, 0.5)
    gates.logits = torch.tensor(logits)
    return gates


@law(60)
@given(networks(), st.integers(1, 40), st.floats(0.05, 0.95), st.integers(0, 99))
def test_every_row_of_a_sample_is_consistent_and_its_live_edges_are_right(graph, batch, p, seed) -> None:
    sample = Gates(graph, p).sample(batch, seeded(seed))
    assert sample.switches.shape == (batch, graph.switch_count) and sample.live.any(1).all()
    for row, live in zip(expand_switches(graph, sample.switches).numpy(), sample.live.numpy(), strict=True):
        assert {e.name for e, is_live in zip(graph.edges, live, strict=True) if is_live} == live_names(graph, row)


@law(60)
@given(networks(), st.integers(0, 99))
def test_expanding_gates_keeps_fixed_edges_and_joins_shared_ones(graph: Graph, seed: int) -> None:
    rows = torch.rand(5, graph.switch_count, generator=seeded(seed)) < 0.5
    masks = expand_switches(graph, rows)
    for column, edge in zip(masks.T, graph.edges, strict=True):
        if edge.gate is None:
            assert column.all()
            continue
        first = sum(max(1, len(gate.options)) for gate in graph.gates[: graph.gate_index[edge.gate]])
        assert torch.equal(column, rows[:, first + (edge.option or 0)])


@law(60)
@given(networks(), st.integers(0, 99))
def test_of_the_options_of_a_gate_one_is_on(graph: Graph, seed: int) -> None:
    gates = Gates(graph, 0.7)
    rows = [gates.sample(20, seeded(seed)).switches, gates.draw(20, seeded(seed)), gates.most_probable[None]]
    for gate, switches in zip(graph.gates, graph.gate_switches, strict=True):
        if gate.kind == "categorical":
            assert (torch.cat(rows)[:, list(switches)].sum(1) == 1).all()


def test_one_seed_one_sample_and_the_global_generator_is_not_touched() -> None:
    before = torch.get_rng_state()
    gates = Gates(SPARSE, 0.4)
    one, same, other = (gates.sample(64, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.switches, same.switches) and one.inconsistent == same.inconsistent
    assert not torch.equal(one.switches, other.switches)
    assert torch.equal(before, torch.get_rng_state())


def test_samples_follow_the_distribution_given_that_the_ends_are_connected() -> None:
    logits = [-1.0, 0.5, 0.3, -1.5]
    choices = every_choice(SPARSE)
    p = torch.sigmoid(torch.tensor(logits, dtype=torch.float64)).numpy()
    weights = np.where(choices.switches, p, 1 - p).prod(1) * choices.connected
    expected = weights / weights.sum()
    count = 40_000
    sample = with_logits(SPARSE, logits).sample(count, seeded(0))
    codes = sample.switches.numpy() @ (2 ** np.arange(4)[::-1])
    found = np.bincount(codes, minlength=16) / count
    deviation = np.sqrt(expected * (1 - expected) / count)
    assert (np.abs(found - expected) <= 5 * deviation).all()
    disconnected = 1 - weights.sum()
    assert sample.inconsistent / count == pytest.approx(disconnected / (1 - disconnected), rel=0.05)


def test_where_nearly_nothing_connects_rows_still_do() -> None:
    sample = with_logits(SPARSE, [-20.0] * 4).sample(8, seeded(0))
    assert sample.live.any(1).all()


def test_initial_probability_and_the_limits_of_descent() -> None:
    gates = Gates(SPARSE, 0.95)
    assert torch.allclose(gates.probabilities, torch.full((4,), 0.95))
    gates.descend(torch.tensor([1.0, -1.0, 0.0, 1e9]), rate=0.5)
    start = float(torch.logit(torch.tensor(0.95)))
    assert gates.logits.tolist() == pytest.approx([start - 0.5, start + 0.5, start, -8.0], abs=1e-5)
    gates.descend(torch.tensor([0.0, 0.0, 0.0, -1e9]), rate=1.0)
    assert float(gates.logits[3]) == 8.0


@law(60)
@given(networks(), st.floats(0.01, 0.99), st.data())
def test_a_search_starts_at_the_gates_own_probabilities_and_else_at_the_general_one(graph, general, data) -> None:
    own = st.none() | st.floats(0.01, 0.99)
    gates = [g if g.options else g.model_copy(update={"init": data.draw(own)}) for g in graph.gates]
    graph = graph.model_copy(update={"gates": tuple(gates)})
    expected = [
        dict.fromkeys(gate.options, pytest.approx(1 / len(gate.options)))
        if gate.options
        else pytest.approx(general if gate.init is None else gate.init, abs=1e-6)
        for gate in graph.gates
    ]
    learner = GateLearner(graph, lambda live: live.double().sum(1, keepdim=True), [1.0], SearchConfig(init=general))
    assert list(learner.gates.by_name().values()) == expected
    assert list(initial_gates(graph, general).by_name().values()) == expected
    plain, wide = Gates(graph, general), WideGates(graph)
    assert all(p == pytest.approx(general, abs=1e-6) for p in plain.probabilities[plain.is_single].tolist())
    assert all(p == 0.5 for p in wide.probabilities[wide.is_single].tolist())


@pytest.mark.parametrize("p", [5e-324, 1e-9, 1 - 1e-16])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_gates_that_start_all_but_decided_stay_within_the_limits(p: float, estimator: str) -> None:
    gates = tuple(gate.model_copy(update={"init": p}) for gate in SPARSE.gates)
    config = SearchConfig.model_validate({"estimator": estimator})
    graph = SPARSE.model_copy(update={"gates": gates})
    learner = GateLearner(graph, lambda live: live.double().sum(1, keepdim=True), [9.0], config)
    assert (learner.gates.logits.abs() == 8).all()
    for step in range(4):
        sample = learner.sample(8, seeded(step))
        loss = (sample.switches.double() if sample.relaxed is None else sample.relaxed).sum(1)
        if sample.relaxed is not None:
            loss.mean().backward()
        learner.learn(sample, loss.detach(), learner.gates.live(sample.switches).double().sum(1, keepdim=True), 0.9)
    assert (learner.gates.logits.abs() <= 8).all()


CHOOSING = network(
    (1,),
    {"h": [], "y": []},
    [
        ("x", "h", ["identity"], option("k", 1, 3)),
        ("x", "h", ["tanh"], option("k", 2, 3)),
        ("h", "y", ["relu"], option("m", 0, 2)),
        ("x", "y", ["identity"], "d"),
    ],
)


def test_options_are_drawn_by_the_softmax_of_their_logits_given_that_the_ends_are_connected() -> None:
    gates = with_logits(CHOOSING, [0.3, -1.0, 0.8, 0.4, -0.6, -0.5])
    choices = every_choice(CHOOSING)
    k, m = torch.softmax(gates.logits[:3].double(), 0), torch.softmax(gates.logits[3:5].double(), 0)
    d = torch.sigmoid(gates.logits[5].double())
    p = torch.cat([k, m, d[None]]).numpy()
    assert torch.allclose(gates.probabilities.double(), torch.from_numpy(p), atol=1e-6)
    weights = np.where(choices.switches, p, 1.0)[:, :5].prod(1) * np.where(choices.switches[:, 5], p[5], 1 - p[5])
    expected = weights * choices.connected / (weights * choices.connected).sum()
    rows = gates.sample(40_000, seeded(3)).switches.numpy()
    found = np.array([(rows == choice).all(1).mean() for choice in choices.switches])
    assert np.abs(found - expected).max() < 4 * np.sqrt(0.25 / 40_000)


def test_probabilities_are_told_by_gate_and_by_option() -> None:
    told = with_logits(CHOOSING, [0.0, 0.0, 0.0, 8.0, -8.0, 0.0]).by_name()
    assert told["d"] == 0.5 and told["k"] == pytest.approx({f"option {i}": 1 / 3 for i in range(3)})
    assert told["m"] == pytest.approx({"option 0": 1, "option 1": 0}, abs=1e-6)
