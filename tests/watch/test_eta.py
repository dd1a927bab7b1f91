"""The time that is left of a run."""

from __future__ import annotations

import pytest

from bsnc.train import Stage
from bsnc.watch import Eta

STAGES = (Stage("search", 10, 6.0), Stage("evaluations", 100, 0.1, trains=False), Stage("fine-tune", 20, 3.0))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def steps(eta: Eta, clock: Clock, stage: str, first: int, last: int, seconds: float) -> None:
    for done in range(first, last + 1):
        clock.now += seconds
        eta.reached(stage, done)


def test_nothing_is_known_before_the_first_step() -> None:
    eta = Eta(STAGES, Clock())
    assert eta.left is None and eta.share == 0
    eta.reached("search", 0)
    assert eta.left is None


def test_later_stages_are_guessed_by_their_work_until_they_are_measured() -> None:
    clock = Clock()
    eta = Eta(STAGES, clock)
    eta.reached("search", 0)
    steps(eta, clock, "search", 1, 4, 12.0)  # 2 s for 1 of work
    assert eta.left == pytest.approx(6 * 12 + 2 * (10 + 60))
    clock.now += 5
    assert eta.left == pytest.approx(6 * 12 + 2 * (10 + 60) - 5)
    steps(eta, clock, "search", 5, 10, 12.0)
    eta.reached("evaluations", 1)
    steps(eta, clock, "evaluations", 2, 100, 0.5)  # 5 s for 1 of work
    eta.reached("fine-tune", 0)
    assert eta.left == pytest.approx(5 * 60)
    steps(eta, clock, "fine-tune", 1, 20, 1.0)
    assert eta.left == 0 and eta.share == 1


def test_a_run_that_goes_on_is_measured_by_what_it_does_now() -> None:
    """Evaluations that were kept take no time."""
    clock = Clock()
    eta = Eta(STAGES, clock)
    eta.reached("search", 10)
    steps(eta, clock, "evaluations", 1, 50, 0.0)
    steps(eta, clock, "evaluations", 51, 80, 2.0)
    assert eta.left == pytest.approx(20 * 2 + 20 * 60)
    assert 0 < eta.share < 1


def test_steps_of_something_else_and_runs_without_a_plan() -> None:
    eta = Eta((), Clock())
    eta.reached("search", 3)
    assert eta.left is None and eta.share == 1
