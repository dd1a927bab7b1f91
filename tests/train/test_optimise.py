"""Learning rates over a phase."""

import pytest
import torch
from torch import nn

from bsnc.ir import Constant, Cosine, OneCycle, Sgd, Step, TrainConfig
from bsnc.train.optimise import build_optimiser, build_schedule


def rates(schedule: Constant | Cosine | OneCycle | Step, epochs: int, steps: int, searched: int = 60) -> list[float]:
    """The rate of each step of a phase; the search takes `searched` epochs."""
    config = TrainConfig(epochs=searched, schedule=schedule, optimizer=Sgd(lr=0.5))
    weight = nn.Parameter(torch.zeros(1))
    optimiser = build_optimiser(config, [weight])
    scheduler = build_schedule(config, optimiser, epochs, steps)
    found = []
    for _ in range(epochs * steps):
        found.append(optimiser.param_groups[0]["lr"])
        weight.grad = torch.zeros(1)
        optimiser.step()
        scheduler.step()
    return found


def test_constant_stays() -> None:
    assert rates(Constant(), 3, 4) == [0.5] * 12


def test_cosine_falls_from_the_full_rate_towards_zero() -> None:
    found = rates(Cosine(), 10, 10)
    assert found[0] == 0.5 and found == sorted(found, reverse=True)
    assert found[50] == pytest.approx(0.25) and 0 < found[-1] < 0.001


def test_one_cycle_peaks_once_after_its_warm_up_and_ends_near_zero() -> None:
    found = rates(OneCycle(warmup=0.2), 10, 10)
    peak = found.index(max(found))
    assert max(found) == pytest.approx(0.5) and 18 <= peak <= 20
    assert found[: peak + 1] == sorted(found[: peak + 1]) and found[peak:] == sorted(found[peak:], reverse=True)
    assert found[-1] < 1e-4


def test_milestones_are_epochs_of_the_search_and_the_same_fractions_of_another_phase() -> None:
    schedule = Step(at=(30, 45), by=0.1)
    search = rates(schedule, 60, 2)
    assert search[:60] == [0.5] * 60 and search[60:90] == pytest.approx([0.05] * 30)
    assert search[90:] == pytest.approx([0.005] * 30)
    assert rates(schedule, 20, 3)[29:31] == pytest.approx([0.5, 0.05])


@pytest.mark.parametrize("schedule", [Constant(), Cosine(), Step(at=(1,)), OneCycle()], ids=lambda s: s.kind)
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 7, 20])
def test_rates_are_positive_and_at_most_the_full_rate_in_phases_of_any_length(schedule, steps: int) -> None:
    found = rates(schedule, 1, steps, searched=2)
    assert len(found) == steps and all(0 < rate <= 0.5 + 1e-12 for rate in found)


def test_the_optimiser_is_as_configured() -> None:
    chosen = Sgd(lr=0.3, momentum=0.8, weight_decay=1e-3, nesterov=True)
    group = build_optimiser(TrainConfig(optimizer=chosen), [nn.Parameter(torch.zeros(1))]).param_groups[0]
    assert [group[k] for k in ("lr", "momentum", "weight_decay", "nesterov")] == [0.3, 0.8, 1e-3, True]
