"""Averages of weights, against the plain formula."""

import pytest
import torch
from torch import nn

from bsnc.train.average import Average


def averaged(weights: list[float], decay: float | None, stop: int | None = None) -> float:
    """What a network has after steps with these weights; after `stop` steps another average goes on."""
    net = nn.Linear(1, 1, bias=False)
    average = Average(net, decay)
    for step, weight in enumerate(weights):
        if step == stop:
            state = {k: v.clone() for k, v in average.state_dict().items()}
            average = Average(nn.Linear(1, 1, bias=False), decay)
            average.load_state_dict(state)
        nn.init.constant_(net.weight, weight)
        average.update(net)
    average.write_to(net)
    return net.weight.item()


WEIGHTS = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0]


@pytest.mark.parametrize("decay", [0.1, 0.9, 0.999])
def test_weights_count_for_powers_of_the_decay_that_sum_to_one(decay: float) -> None:
    powers = [decay**s for s in reversed(range(len(WEIGHTS)))]
    expected = sum(p * w for p, w in zip(powers, WEIGHTS, strict=True)) / sum(powers)
    assert averaged(WEIGHTS, decay) == pytest.approx(expected, rel=1e-5)
    assert sum(powers) == pytest.approx((1 - decay ** len(WEIGHTS)) / (1 - decay))
    assert averaged(WEIGHTS, decay, stop=3) == averaged(WEIGHTS, decay)


def test_the_first_step_counts_alone() -> None:
    assert averaged([3.0], 0.999) == 3.0


def test_without_a_decay_the_last_weights_stay() -> None:
    assert averaged(WEIGHTS, None) == 2.0


def test_without_a_step_the_network_stays_as_it_is() -> None:
    net = nn.Linear(1, 1)
    before = net.weight.clone()
    average = Average(net, 0.9)
    nn.init.constant_(net.weight, 7.0)
    average.write_to(net)
    assert net.weight.item() == 7.0 != before.item()


def test_buffers_are_those_of_the_last_step() -> None:
    norm = nn.BatchNorm1d(2)
    average = Average(norm, 0.9)
    for _ in range(3):
        norm(torch.randn(4, 2, generator=torch.Generator().manual_seed(0)))
        average.update(norm)
    expected = norm.running_mean.clone()
    average.write_to(norm)
    assert torch.equal(norm.running_mean, expected)
