"""Times of models in ONNX Runtime, on a machine that has other things to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter, thread_time

import numpy as np
import onnx
from numpy.typing import NDArray

from bsnc.export.latency.setting import Session, Setting
from bsnc.ir import CostKey, Frozen

WARM_UP = 3
SESSIONS = 6
"""Sessions of `measure_latency`: where the weights come to lie in memory matters too. Of six the least and the greatest
bound the median with a confidence of 1 − 2/2⁶ = 97%."""
CONFIDENCE = 0.95

Step = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is of it."""


class Pace(Frozen):
    """How long is measured: `rounds` sessions of a model, in each at least `runs` runs, and for at least `seconds`."""

    rounds: int = 5
    runs: int = 15
    seconds: float = 0.02


class LatencyMeasurement(Frozen):
    """Seconds of one run: their median, and the bounds of its 95% confidence interval."""

    median: float
    low: float
    high: float
    runs: int
    device: str
    onnxruntime: str


def quiet_times(
    models: Sequence[Callable[[], onnx.ModelProto]], setting: Setting, pace: Pace, step: Callable[[int], None]
) -> NDArray[np.float64]:
    """Seconds of one run of each model `[N]`, to be compared, as if the machine had nothing else to do.

    Every round runs all models, in another order, each in a new session. What else the machine does only adds time, so
    of the runs of a session the lower decile counts. Where others use the same caches and units, all is slower for
    a while: each run is followed by one of the first model, and each decile is divided by the decile of those. Of the
    quotients the median over the rounds is taken, of the divisors the least. `step` is told how many of the N · rounds
    sessions are done.
    """
    reference = Session(models[0](), setting)
    deciles = np.empty((2, pace.rounds, len(models)))
    shuffle = np.random.default_rng(0)
    for done in range(pace.rounds):
        for place, i in enumerate(shuffle.permutation(len(models))):
            times = times_in_turn([Session(models[i](), setting), reference], pace)
            deciles[:, done, i] = np.quantile(times, 0.1, axis=0)
            step(done * len(models) + place + 1)
    return np.median(deciles[0] / deciles[1], axis=0) * deciles[1].min()


def times_in_turn(sessions: Sequence[Session], pace: Pace) -> list[list[float]]:
    """Seconds of single runs of sessions in turn, after a warm-up: `[runs, sessions]`."""
    for session in sessions:
        _warm_up(session)
    times: list[list[float]] = []
    finish = perf_counter() + pace.seconds
    while len(times) < pace.runs or perf_counter() < finish:
        times.append([_run_time(session) for session in sessions])
    return times


def _run_time(session: Session) -> float:
    """Seconds of one run; where this thread does all of it, those in which the thread ran: not those in which the
    system gave its core to another."""
    clock = thread_time if session.on_one_thread else perf_counter
    started = clock()
    session.run()
    return clock() - started


def _warm_up(session: Session) -> None:
    for _ in range(WARM_UP):
        session.run()


def run_times(session: Session, pace: Pace) -> list[float]:
    """Seconds of single runs by the clock on the wall, after a warm-up."""
    _warm_up(session)
    times: list[float] = []
    finish = perf_counter() + pace.seconds
    while len(times) < pace.runs or perf_counter() < finish:
        started = perf_counter()
        session.run()
        times.append(perf_counter() - started)
    return times


def measure_latency(model: onnx.ModelProto, key: CostKey, pace: Pace | None = None) -> LatencyMeasurement:
    """The latency of a model where `key` says: the median over sessions of the median of their runs, since runs of one
    session are more alike than sessions are. Raises Diagnosed (BSN521)."""
    setting = Setting.of(key)
    pace = pace or Pace(rounds=SESSIONS, runs=40, seconds=0.2)
    sessions = [run_times(Session(model, setting), pace) for _ in range(pace.rounds)]
    medians = [float(np.median(times)) for times in sessions]
    low, high = median_interval(medians)
    return LatencyMeasurement(
        median=float(np.median(medians)),
        low=low,
        high=high,
        runs=sum(map(len, sessions)),
        device=setting.device_name,
        onnxruntime=setting.onnxruntime,
    )


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """A confidence interval of the median from order statistics, for independent values of any distribution: the
    number of values below the median is binomial (David & Nagaraja, Order Statistics, 3rd ed., section 7.1).

    The least and the greatest value, where there are too few for the confidence.
    """
    from scipy.stats import binom

    ordered = sorted(values)
    rank = int(binom.ppf((1 - CONFIDENCE) / 2, len(ordered), 0.5))
    return ordered[max(rank - 1, 0)], ordered[min(len(ordered) - rank, len(ordered) - 1)]
