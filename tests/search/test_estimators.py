"""Estimators of the gradient in the gates' logits against the exact gradient, by enumeration."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from bsnc.search import ESTIMATORS, Gates, reinforce, rloo
from tests.laws.brute_force import every_choice
from tests.laws.build import network

LINKS = [("x", "h", ["identity"], "a"), ("h", "y", ["tanh"], "b"), ("x", "y", ["relu"], "c")]
GRAPH = network((1,), {"h": [], "y": []}, LINKS)
CHOICES = every_choice(GRAPH)
ROWS = torch.from_numpy(CHOICES.switches)
CONNECTED = torch.from_numpy(CHOICES.connected)
OBJECTIVE = torch.tensor([0.7, -1.2, 3.0, 0.1, 5.0, -2.0, 1.5, 0.4], dtype=torch.float64)
"""A value for each choice of the three gates, of no shape that a baseline could guess."""
LOGITS = torch.tensor([0.4, -0.9, 1.3], dtype=torch.float64)


def distribution(logits: Tensor, given_connected: bool) -> Tensor:
    """Probability of each choice of gates."""
    p = torch.sigmoid(logits)
    weights = torch.where(ROWS, p, 1 - p).prod(1)
    if given_connected:
        weights = weights * CONNECTED
    return weights / weights.sum()


def exact_gradient(given_connected: bool) -> Tensor:
    logits = LOGITS.clone().requires_grad_()
    (distribution(logits, given_connected) * OBJECTIVE).sum().backward()
    assert logits.grad is not None
    return logits.grad


def expectation(estimate, batch: int, given_connected: bool) -> Tensor:
    """Of an estimator, over every batch that could be drawn."""
    weights = distribution(LOGITS, given_connected)
    total = torch.zeros(3, dtype=torch.float64)
    for rows in itertools.product(range(len(ROWS)), repeat=batch):
        chance = weights[list(rows)].prod()
        if chance > 0:
            total += chance * estimate(ROWS[list(rows)], torch.sigmoid(LOGITS), OBJECTIVE[list(rows)])
    return total


@pytest.mark.parametrize("given_connected", [False, True])
@pytest.mark.parametrize("batch", [2, 3])
def test_rloo_is_unbiased_over_all_samples_and_over_the_connected_ones(batch: int, given_connected: bool) -> None:
    found = expectation(rloo, batch, given_connected)
    assert torch.allclose(found, exact_gradient(given_connected), rtol=1e-10)


@pytest.mark.parametrize("given_connected", [False, True])
@pytest.mark.parametrize("batch", [2, 3])
def test_reinforce_falls_short_by_the_share_of_the_batch_in_its_own_baseline(batch: int, given_connected: bool) -> None:
    found = expectation(reinforce, batch, given_connected)
    assert torch.allclose(found * batch / (batch - 1), exact_gradient(given_connected), rtol=1e-10)


@pytest.mark.parametrize(("name", "factor"), [("rloo", 1.0), ("reinforce", 16 / 15)])
def test_the_mean_over_sampled_batches_is_the_exact_gradient_within_its_confidence(name: str, factor: float) -> None:
    """Gates.sample and the estimator together, as a search uses them."""
    gates = Gates(GRAPH, 0.5)
    gates.logits = LOGITS.float()
    generator = torch.Generator().manual_seed(0)
    codes = 2 ** torch.arange(3).flip(0)
    estimates = []
    for _ in range(3000):
        sample = gates.sample(16, generator)
        objective = OBJECTIVE[(sample.switches.long() * codes).sum(1)]
        estimates.append(factor * ESTIMATORS[name](sample.switches, gates.probabilities, objective.float()))
    table = torch.stack(estimates).double()
    error = table.std(0) / np.sqrt(len(table))
    exact = exact_gradient(given_connected=True)
    assert (error < 0.03).all()
    assert ((table.mean(0) - exact).abs() <= 4.5 * error).all()


@pytest.mark.parametrize("estimate", ESTIMATORS.values())
def test_an_objective_that_is_the_same_for_all_gives_no_gradient(estimate) -> None:
    rows = ROWS[[0, 3, 5, 7]]
    assert torch.equal(estimate(rows, torch.sigmoid(LOGITS), torch.full((4,), 7.5)), torch.zeros(3).double())
    one = estimate(rows, torch.sigmoid(LOGITS), OBJECTIVE[:4])
    shifted = estimate(rows, torch.sigmoid(LOGITS), OBJECTIVE[:4] + 1000)
    assert torch.allclose(one, shifted, atol=1e-9) and one.abs().min() > 0
