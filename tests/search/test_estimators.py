"""Estimators of the gradient in the gates' logits against the exact gradient, by enumeration."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from bsnc.ir import Graph
from bsnc.search import ESTIMATORS, Gates, Sample, every_sample
from tests.laws.build import FIXED, network, option

SPARSE = network(
    (1,), {"h": [], "y": []}, [("x", "h", ["identity"], "a"), ("h", "y", ["tanh"], "b"), ("x", "y", ["relu"], "c")]
)
"""Of three gates, some of whose samples connect nothing."""
CHOOSING = network(
    (1,),
    {"h": [], "y": []},
    [
        ("x", "h", ["identity"], option("k", 0, 3)),
        ("x", "h", ["tanh"], option("k", 1, 3)),
        ("h", "y", ["relu"], "a"),
        ("x", "y", ["relu"], "b"),
        ("x", "y", ["identity"], FIXED),
    ],
)
"""A choice of three, one of them an edge that no one has, and two Bernoulli gates; all samples are connected."""
SPARSE_LOGITS, CHOOSING_LOGITS = [0.4, -0.9, 1.3], [0.7, -0.3, 0.2, -0.8, 1.1]
VALUES = [0.7, -1.2, 3.0, 0.1, 5.0, -2.0, 1.5, 0.4, 2.2, -0.6, 0.9, -3.1]
"""Losses of samples, of no shape that a baseline could guess."""


def gates_of(graph: Graph, logits: list[float], explore: float = 0.0) -> Gates:
    gates = Gates(graph, 0.5, explore)
    gates.logits = torch.tensor(logits, dtype=torch.float64)
    return gates


def samples_of(graph: Graph) -> tuple[Tensor, Tensor]:
    """Every sample's switches, and its loss."""
    rows = torch.from_numpy(every_sample(graph))
    return rows, torch.tensor(VALUES, dtype=torch.float64)[: len(rows)]


def chances(gates: Gates, rows: Tensor, given_connected: bool) -> Tensor:
    """The probability of each row; follows the logits."""
    p = torch.sigmoid(gates.logits)
    uniform = torch.full_like(p, 0.5)
    for group in gates.groups:
        p = p.index_copy(0, group, torch.softmax(gates.logits[group], 0))
        uniform[group] = 1 / len(group)
    q = (1 - gates.explore) * p + gates.explore * uniform
    weights = torch.where(rows, q, torch.where(gates.is_single, 1 - q, 1.0)).prod(1)
    if given_connected:
        weights = weights * gates.live(rows).any(1)
    return weights / weights.sum()


def exact_gradient(gates: Gates, given_connected: bool) -> Tensor:
    rows, losses = samples_of(gates.graph)
    kept, gates.logits = gates.logits, gates.logits.clone().requires_grad_()
    (chances(gates, rows, given_connected) * losses).sum().backward()
    gradient, gates.logits = gates.logits.grad, kept
    assert gradient is not None
    return gradient


def expectation(name: str, gates: Gates, batch: int, given_connected: bool) -> Tensor:
    """Of an estimator, over every batch that could be drawn."""
    rows, losses = samples_of(gates.graph)
    weights, live = chances(gates, rows, given_connected), gates.live(rows)
    total = torch.zeros(len(gates.logits), dtype=torch.float64)
    for numbers in itertools.product(range(len(rows)), repeat=batch):
        some = list(numbers)
        sample = Sample(rows[some], live[some], 0)
        total += weights[some].prod() * gradient(name, gates, sample, losses[some])
    return total


def gradient(name: str, gates: Gates, sample: Sample, losses: Tensor) -> Tensor:
    """Half of the loss is said to be penalty."""
    return ESTIMATORS[name].gradient(gates, sample, 0.5 * losses, 0.5 * losses)


@pytest.mark.parametrize("given_connected", [False, True])
@pytest.mark.parametrize("batch", [2, 3])
@pytest.mark.parametrize("explore", [0.0, 0.3])
def test_rloo_is_unbiased_over_all_samples_and_over_the_connected_ones(batch, given_connected, explore) -> None:
    gates = gates_of(SPARSE, SPARSE_LOGITS, explore)
    found = expectation("rloo", gates, batch, given_connected)
    assert torch.allclose(found, exact_gradient(gates, given_connected), rtol=1e-10)


@pytest.mark.parametrize("explore", [0.0, 0.3])
def test_rloo_is_unbiased_for_choices(explore) -> None:
    gates = gates_of(CHOOSING, CHOOSING_LOGITS, explore)
    assert torch.allclose(expectation("rloo", gates, 2, True), exact_gradient(gates, True), rtol=1e-10)


@pytest.mark.parametrize("given_connected", [False, True])
@pytest.mark.parametrize("batch", [2, 3])
def test_reinforce_falls_short_by_the_share_of_the_batch_in_its_own_baseline(batch: int, given_connected: bool) -> None:
    gates = gates_of(SPARSE, SPARSE_LOGITS)
    found = expectation("reinforce", gates, batch, given_connected)
    assert torch.allclose(found * batch / (batch - 1), exact_gradient(gates, given_connected), rtol=1e-10)


def sampled(name: str, gates: Gates, batch: int, repeats: int, losses: Tensor | None = None) -> Tensor:
    """Estimates `[repeats, S]`, of batches as a search draws them."""
    rows, values = samples_of(gates.graph)
    pairs = zip(rows.tolist(), (values if losses is None else losses).tolist(), strict=True)
    loss = {tuple(row): value for row, value in pairs}
    generator = torch.Generator().manual_seed(0)
    estimates: list[Tensor] = []
    for _ in range(repeats):
        sample = ESTIMATORS[name].draw(gates, batch, generator)
        assert sample.switches.shape == (batch, len(gates.logits))
        found = torch.tensor([loss[tuple(row)] for row in sample.switches.tolist()], dtype=torch.float64)
        estimates.append(gradient(name, gates, sample, found))
    return torch.stack(estimates)


@pytest.mark.parametrize("explore", [0.0, 0.3])
@pytest.mark.parametrize(
    ("graph", "name", "factor"),
    [
        (SPARSE, "rloo", 1.0),
        (SPARSE, "reinforce", 16 / 15),
        (CHOOSING, "rloo", 1.0),
        (CHOOSING, "reinforce", 16 / 15),
        (CHOOSING, "disarm", 1.0),
    ],
    ids=["sparse-rloo", "sparse-reinforce", "choosing-rloo", "choosing-reinforce", "choosing-disarm"],
)
def test_the_mean_over_sampled_batches_is_the_exact_gradient_within_its_confidence(
    graph, name, factor, explore
) -> None:
    """The draw and the estimator together, as a search uses them."""
    gates = gates_of(graph, SPARSE_LOGITS if graph is SPARSE else CHOOSING_LOGITS, explore)
    table = factor * sampled(name, gates, batch=16, repeats=3000)
    error = table.std(0) / np.sqrt(len(table))
    exact = exact_gradient(gates, given_connected=True)
    assert (error < 0.03).all()
    assert ((table.mean(0) - exact).abs() <= 4.5 * error + 1e-12).all()


@pytest.mark.parametrize("explore", [0.0, 0.5])
def test_relaxed_samples_come_from_the_mixture_with_the_exploration_floor(explore: float) -> None:
    gates = gates_of(CHOOSING, [4.0, -4.0, 0.0, -4.0, 4.0], explore)
    sample = ESTIMATORS["gumbel_st"].draw(gates, 4000, torch.Generator().manual_seed(0))
    assert torch.allclose(sample.switches.double().mean(0), gates.chances, atol=0.03)
    assert sample.relaxed is not None and sample.leaf is not None
    sample.relaxed.sum(0).square().sum().backward()
    assert sample.leaf.grad is not None and torch.isfinite(sample.leaf.grad).all() and (sample.leaf.grad != 0).any()


def test_antithetic_pairs_differ_in_every_even_gate_and_share_the_rest_of_a_batch() -> None:
    gates = gates_of(SPARSE, [0.0, 0.0, 0.0])
    rows = ESTIMATORS["disarm"].draw(gates, 9, torch.Generator().manual_seed(0)).switches
    assert rows.shape == (9, 3) and torch.equal(rows[:4], ~rows[4:8])


def test_disarm_counts_what_connects_nothing_as_the_worst_of_its_batch() -> None:
    gates = gates_of(SPARSE, [0.0, 0.0, 0.0])
    rows = torch.tensor([[False, False, False], [True, True, True], [True, True, True], [False, False, True]])
    sample = Sample(rows, gates.live(rows), 1)
    losses = torch.tensor([-100.0, 2.0, 3.0, 2.0])
    assert torch.equal(gradient("disarm", gates, sample, losses), torch.zeros(3).double())


def test_pairs_know_the_gradient_of_an_even_gate_that_alone_matters() -> None:
    gates = gates_of(CHOOSING, [0.7, -0.3, 0.2, -0.8, 0.0])
    losses = 2 * samples_of(CHOOSING)[0][:, 4].double()
    estimates = {name: sampled(name, gates, 8, 50, losses)[:, 4] for name in ("rloo", "disarm")}
    assert torch.allclose(estimates["disarm"], torch.tensor(0.5).double())
    assert estimates["rloo"].std() > 0.05


def test_gumbel_follows_the_gradient_of_a_loss_that_is_linear_in_a_relaxed_switch() -> None:
    """Of E[c · k] it is c · p (1 − p); the mean of c · ∂ soft / ∂ logit at temperature 1 is near it, not equal."""
    gates = gates_of(CHOOSING, CHOOSING_LOGITS)
    coefficients, total = torch.tensor([1.0, -2.0, 0.5, 3.0, -1.0], dtype=torch.float64), torch.zeros(5).double()
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        sample = ESTIMATORS["gumbel_st"].draw(gates, 64, generator)
        assert sample.relaxed is not None and torch.equal(sample.relaxed.detach() > 0.5, sample.switches)
        losses = sample.relaxed.double() @ coefficients
        losses.mean().backward()
        total += ESTIMATORS["gumbel_st"].gradient(gates, sample, losses.detach(), torch.zeros(64)) / 200
    p = gates.probabilities
    exact = coefficients * p * (1 - p)
    mean = (p[:3] * coefficients[:3]).sum()
    exact[:3] = p[:3] * (coefficients[:3] - mean)
    assert (torch.sign(total) == torch.sign(exact)).all()
    assert torch.allclose(total, exact, rtol=0.6)


def test_gumbel_samples_have_the_gates_probabilities() -> None:
    gates = gates_of(CHOOSING, CHOOSING_LOGITS)
    rows = ESTIMATORS["gumbel_st"].draw(gates, 20_000, torch.Generator().manual_seed(0)).switches
    assert torch.allclose(rows.double().mean(0), gates.probabilities, atol=4 * 0.5 / 20_000**0.5)


def test_what_penalties_say_reaches_gumbel_by_the_score() -> None:
    gates = gates_of(SPARSE, SPARSE_LOGITS)
    sample = ESTIMATORS["gumbel_st"].draw(gates, 6, torch.Generator().manual_seed(0))
    assert sample.relaxed is not None
    (0 * sample.relaxed).sum().backward()
    penalties = torch.arange(6, dtype=torch.float64)
    found = ESTIMATORS["gumbel_st"].gradient(gates, sample, torch.zeros(6), penalties)
    assert torch.allclose(found, ESTIMATORS["rloo"].gradient(gates, sample, torch.zeros(6), penalties))
    assert found.abs().max() > 0


@pytest.mark.parametrize("name", ["reinforce", "rloo", "disarm"])
def test_an_objective_that_is_the_same_for_all_gives_no_gradient(name: str) -> None:
    gates = gates_of(CHOOSING, CHOOSING_LOGITS)
    sample = ESTIMATORS[name].draw(gates, 8, torch.Generator().manual_seed(3))
    one: Callable[[Tensor], Tensor] = lambda losses: ESTIMATORS[name].gradient(gates, sample, losses, torch.zeros(8))  # noqa: E731
    losses = torch.tensor(VALUES[:8], dtype=torch.float64)
    assert torch.equal(one(torch.full((8,), 7.5).double()), torch.zeros(5).double())
    assert torch.allclose(one(losses), one(losses + 1000), atol=1e-9) and one(losses).abs().max() > 0
