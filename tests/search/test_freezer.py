"""Frozen gates are sampled at one value and learn no more; what they learnt stays, and input and output connected."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsnc.ir import NEVER, Graph, SearchConfig
from bsnc.search import CERTAIN, ESTIMATORS, Freezer, GateLearner, Gates
from tests.laws.brute_force import every_choice
from tests.laws.build import network, option
from tests.laws.strategies import law, networks

CHOOSING = network(
    (1,),
    {"h": [], "y": []},
    [
        ("x", "h", ["identity"], option("k", 1, 3)),
        ("x", "h", ["tanh"], option("k", 2, 3)),
        ("h", "y", ["relu"], "c"),
        ("x", "y", ["identity"], "d"),
    ],
)
"""A choice of nothing, `identity` and `tanh`; two gates that keep or drop."""
SURE = float(torch.logit(torch.tensor(CERTAIN))) + 0.1


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def with_logits(graph: Graph, logits: list[float], explore: float = 0.0) -> Gates:
    gates = Gates(graph, 0.5, explore)
    gates.logits = torch.tensor(logits)
    return gates


def test_a_gate_freezes_after_so_many_epochs_in_a_row_with_one_value() -> None:
    gates = with_logits(CHOOSING, [8.0, 0.0, 0.0, SURE, -SURE])
    freezer = Freezer(gates, 3)
    found = []
    for last in (-SURE, SURE, 0.0, SURE, SURE, SURE):
        gates.logits[4] = last
        freezer.end_epoch()
        found.append(gates.frozen.tolist())
    assert found == 2 * [[False] * 3] + 3 * [[True, True, False]] + [[True] * 3]
    assert freezer.streaks.tolist() == [6, 6, 3] and gates.thaw() == 3 and not gates.frozen.any()


def test_with_no_epochs_nothing_freezes() -> None:
    gates = with_logits(CHOOSING, [8.0, 0.0, 0.0, 8.0, -8.0])
    freezer = Freezer(gates, 0)
    for _ in range(5):
        freezer.end_epoch()
    assert not gates.frozen.any()


@pytest.mark.parametrize("explore", [0.0, 0.5])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_frozen_gates_have_one_value_and_keep_what_they_learnt(estimator: str, explore: float) -> None:
    config = SearchConfig.model_validate({"estimator": estimator, "explore": explore})
    learner = GateLearner(CHOOSING, lambda live: live.double().sum(1, keepdim=True), [1.0], config)
    gates = learner.gates
    gates.logits = torch.tensor([0.0, 1.0, 0.5, -0.1, 0.2])
    gates.frozen = torch.tensor([True, True, False])
    generator = seeded(0)
    for _ in range(20):
        sample = learner.sample(64, generator)
        assert (sample.switches[:, :4] == torch.tensor([False, True, False, False])).all()
        losses = (sample.switches if sample.relaxed is None else sample.relaxed).double().sum(1)
        if sample.relaxed is not None:
            assert (sample.relaxed[:, [0, 2, 3]] == NEVER).all()
            losses.mean().backward()
        learner.learn(sample, losses.detach(), sample.live.double().sum(1, keepdim=True), 0.9)
    assert gates.logits[:4].tolist() == pytest.approx([0.0, 1.0, 0.5, -0.1]) and gates.logits[4] != 0.2
    assert gates.chances[:4].tolist() == [0, 1, 0, 0] and 0 < gates.chances[4] < 1
    assert gates.probabilities.min() > 0 and gates.probabilities.max() < 1


@law(80)
@given(networks(), st.integers(0, 10_000), st.sampled_from(["rloo", "gumbel_st"]))
def test_an_architecture_that_connects_is_always_left(graph: Graph, seed: int, estimator: str) -> None:
    """Whatever the gates that are not frozen yet learn in between."""
    choices, gates, generator = every_choice(graph), Gates(graph, 0.5), seeded(seed)
    freezer, before = Freezer(gates, 1), gates.frozen
    for _ in range(4):
        learnt = (16 * torch.rand(graph.switch_count, generator=generator) - 10).clamp(-8, 8)
        gates.logits = torch.where(gates.is_frozen, gates.logits, learnt)
        freezer.end_epoch()
        agrees = (torch.from_numpy(choices.switches) == gates.most_probable) | ~gates.is_frozen
        assert (agrees.all(1) & torch.from_numpy(choices.connected)).any()
        sample = ESTIMATORS[estimator].draw(gates, 6, generator)
        assert sample.live.any(1).all()
        assert ((sample.switches == gates.most_probable) | ~gates.is_frozen).all()
        assert not (before & ~gates.frozen).any()
        before = gates.frozen


def test_of_gates_that_would_cut_the_network_only_those_freeze_that_need_not_be_on() -> None:
    """Without `c` there is `d`, which is likelier."""
    gates = with_logits(CHOOSING, [8.0, 0.0, 0.0, -7.0, -6.0])
    Freezer(gates, 1).end_epoch()
    assert gates.frozen.tolist() == [True, True, False]
    sample = gates.sample(8, seeded(0))
    assert sample.switches.tolist() == 8 * [[True, False, False, False, True]]
