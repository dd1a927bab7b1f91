"""Penalties of budgets: hinges whose weight is fixed, or found between two limits."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bsnc.search import Gates, Penalty, entropy_bits, entropy_gradient
from tests.laws.build import network, option
from tests.laws.strategies import law


def rows(*values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def auto(*bounds: float) -> Penalty:
    return Penalty(list(bounds), list(bounds), "auto")


def test_a_penalty_is_the_relative_excess_times_lambda_and_zero_within_the_budget() -> None:
    penalty = Penalty([100.0, 10.0], [100.0, 10.0], 3.0)
    costs = rows([100, 10], [150, 10], [100, 30], [150, 30], [0, 0], [99, 40])
    assert penalty(costs).tolist() == pytest.approx([0, 1.5, 6, 7.5, 0, 9])


def test_without_budgets_there_is_no_penalty() -> None:
    penalty = Penalty([], [], "auto")
    costs = torch.zeros(4, 0, dtype=torch.float64)
    penalty.update(costs)
    penalty.set_progress(0.5)
    assert penalty(costs).tolist() == [0, 0, 0, 0]


@law(80)
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=6), st.floats(1, 1e9))
def test_auto_rises_when_the_mean_is_over_falls_when_under_and_stays_within_its_limits(costs, bound) -> None:
    penalty = auto(bound)
    table = rows(*([cost] for cost in costs))
    mean = float(table.mean())
    before = float(penalty.lambdas[0])
    penalty.update(table)
    after = float(penalty.lambdas[0])
    if mean > bound * (1 + 1e-9):
        assert after > before
    if mean < bound * (1 - 1e-9):
        assert after < before
    for _ in range(400):
        penalty.update(table)
        assert Penalty.LOWEST <= float(penalty.lambdas[0]) <= Penalty.HIGHEST


@pytest.mark.parametrize(("cost", "limit"), [(1000.0, Penalty.HIGHEST), (1.0, Penalty.LOWEST)])
def test_auto_reaches_its_limit_and_leaves_it_at_once_when_the_tide_turns(cost: float, limit: float) -> None:
    penalty = auto(10.0)
    for _ in range(1000):
        penalty.update(rows([cost]))
    assert float(penalty.lambdas[0]) == limit
    penalty.update(rows([1.0 if cost > 10 else 1000.0]))
    assert float(penalty.lambdas[0]) != limit


@pytest.mark.parametrize("cost", [0.0, 20.0, 1e12])
def test_one_step_moves_lambda_by_three_percent_at_most(cost: float) -> None:
    penalty = auto(10.0)
    penalty.update(rows([cost]))
    assert abs(math.log(float(penalty.lambdas[0]))) == pytest.approx(Penalty.RATE)


def test_each_budget_has_its_own_lambda() -> None:
    penalty = auto(10.0, 10.0)
    penalty.update(rows([20.0, 5.0], [20.0, 5.0]))
    high, low = penalty.lambdas.tolist()
    assert high > 1 > low


def test_a_fixed_lambda_stays() -> None:
    penalty = Penalty([10.0], [10.0], 1e-7)
    for cost in (0.0, 10.0, 1e9):
        penalty.update(rows([cost]))
    assert penalty.lambdas.tolist() == [1e-7]


@law(60)
@given(st.floats(1, 1e9), st.floats(1, 1e9), st.lists(st.floats(-0.5, 1.5), min_size=2, max_size=6))
def test_targets_shrink_from_the_starting_cost_to_the_bound_and_never_below(bound, start, progress) -> None:
    penalty = Penalty([bound], [start], "auto")
    targets = []
    for share in sorted(progress):
        penalty.set_progress(share)
        targets.append(float(penalty.targets[0]))
    assert all(a >= b * (1 - 1e-12) for a, b in pairwise(targets))
    penalty.set_progress(0)
    assert float(penalty.targets[0]) == pytest.approx(max(start, bound))
    penalty.set_progress(1)
    assert float(penalty.targets[0]) == pytest.approx(bound)


FOUR = network((1,), {"y": []}, [("x", "y", ["identity"])] * 4)


def test_entropy_by_hand() -> None:
    gates = Gates(FOUR, 0.5)
    gates.logits = torch.logit(torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64))
    assert entropy_bits(gates).tolist() == pytest.approx([0, 0.8112781244591328, 1, 0], abs=1e-9)


def test_the_gradient_of_entropy_is_that_of_autograd() -> None:
    logits = torch.linspace(-6, 6, 13, dtype=torch.float64, requires_grad=True)
    p = torch.sigmoid(logits)
    (-(p * p.log() + (1 - p) * (1 - p).log()).sum()).backward()
    gates = Gates(network((1,), {"y": []}, [("x", "y", ["identity"])] * 13), 0.5)
    gates.logits = logits.detach()
    assert torch.allclose(entropy_gradient(gates), logits.grad, atol=1e-12)


def test_the_gradient_of_the_entropy_of_a_choice_is_that_of_autograd() -> None:
    options = [("x", "y", ["identity"], option("k", i, 4)) for i in range(4)]
    gates = Gates(network((1,), {"y": []}, [*options, ("x", "y", ["relu"], "g")]), 0.5)
    logits = torch.tensor([0.3, -2.0, 1.1, 0.0, 0.7], dtype=torch.float64, requires_grad=True)
    p, q = torch.softmax(logits[:4], 0), torch.sigmoid(logits[4])
    (-(p * p.log()).sum() - q * q.log() - (1 - q) * (1 - q).log()).backward()
    gates.logits = logits.detach()
    assert torch.allclose(entropy_gradient(gates), logits.grad, atol=1e-12)
    assert entropy_bits(gates)[0] == pytest.approx(float(-(p * p.log2()).sum().detach()), abs=1e-12)
