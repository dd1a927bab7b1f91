"""What guides a search beside its gates: a fit to what was seen, and samples of every size."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bsnc.ir import Graph
from bsnc.search import WideGates, free_gates
from bsnc.search.surrogate import Surrogate
from tests.laws.strategies import law, networks


def rows_of(count: int, switches: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, switches, generator=generator) < 0.5


def fit_and_truth(switches: int, seen: int, pairs: float) -> tuple[Tensor, Tensor]:
    """What a surrogate says of 400 rows that it has not seen, and what is so: a plane, and `pairs` times as much of
    every pair of switches."""
    generator = torch.Generator().manual_seed(switches)
    plane = torch.randn(switches, generator=generator, dtype=torch.float64)
    square = pairs * torch.randn(switches, switches, generator=generator, dtype=torch.float64)

    def loss(rows: Tensor) -> Tensor:
        on = rows.double()
        return 50 + 7 * (on @ plane + ((on @ square) * on).sum(1))

    known, new = rows_of(seen, switches, generator), rows_of(400, switches, generator)
    return Surrogate(known, loss(known))(new), loss(new)


def test_many_samples_give_the_quadratic_that_they_come_from() -> None:
    found, truth = fit_and_truth(switches=8, seen=3000, pairs=1.0)
    assert (found - truth).abs().max() < 0.05 * truth.std()


@pytest.mark.parametrize("switches", [20, 40], ids=["with pairs", "too many for pairs"])
def test_few_samples_rank_a_sum_right(switches: int) -> None:
    found, truth = fit_and_truth(switches, seen=3 * switches, pairs=0.0)
    assert torch.corrcoef(torch.stack([found, truth]))[0, 1] > 0.9
    assert truth[found.argmin()] <= truth.quantile(0.03)


def test_a_loss_that_is_the_same_everywhere_is_expected_everywhere() -> None:
    rows = rows_of(9, 4, torch.Generator().manual_seed(0))
    assert Surrogate(rows[:5], torch.full((5,), 3.0, dtype=torch.float64))(rows).tolist() == pytest.approx([3.0] * 9)


@pytest.mark.parametrize("greatest", [0.9, 0.5])
def test_samples_are_of_every_size_up_to_the_greatest(greatest: float) -> None:
    count = 50
    sizes = WideGates(free_gates([1] * count), greatest).sample(4000, torch.Generator().manual_seed(0)).switches.sum(1)
    binomial = count * 0.25
    assert sizes.double().var() > 2 * binomial and sizes.double().var() == pytest.approx(
        count**2 * (greatest - 0.1) ** 2 / 12, rel=0.4
    )
    assert sizes.double().mean() == pytest.approx(count * (0.1 + greatest) / 2, rel=0.05)
    assert sizes.max() < count * greatest + 5 * binomial**0.5


def test_the_options_of_a_choice_are_drawn_alike_whatever_the_size() -> None:
    switches = WideGates(free_gates([3, 1, 4])).sample(6000, torch.Generator().manual_seed(0)).switches.double()
    assert (switches[:, :3].sum(1) == 1).all() and (switches[:, 4:].sum(1) == 1).all()
    assert (switches[:, :3].mean(0) - 1 / 3).abs().max() < 0.03
    assert (switches[:, 4:].mean(0) - 1 / 4).abs().max() < 0.03


@law(60)
@given(networks(max_gates=8), st.integers(0, 99))
def test_wide_samples_are_connected(graph: Graph, seed: int) -> None:
    gates = WideGates(graph)
    sample = gates.sample(12, torch.Generator().manual_seed(seed))
    assert sample.live.any(1).all() and torch.equal(sample.live, gates.live(sample.switches))
