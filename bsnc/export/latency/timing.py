"""Times of models in ONNX Runtime, on a machine that has other things to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.stats import binom

from bsnc.export.latency.setting import Session, Setting
from bsnc.ir import CostKey, Frozen

WARM_UP = 3
SESSIONS = 5
"""Sessions of `measure_latency`: where the weights come to lie in memory matters too."""
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
    """Seconds of one run of each model `[N]`, to compare them with each other: of each round's lower decile the least.

    Every round runs all models, in another order, each in a new session. What else the machine does comes and goes, and
    only ever adds time: low quantiles keep most of that out, and a decile keeps out what a single lucky run says.
    `step` is told how many of the N · rounds sessions are done.
    """
    deciles = np.empty((pace.rounds, len(models)))
    shuffle = np.random.default_rng(0)
    for done in range(pace.rounds):
        for place, i in enumerate(shuffle.permutation(len(models))):
            deciles[done, i] = np.quantile(run_times(Session(models[i](), setting), pace), 0.1)
            step(done * len(models) + place + 1)
    return deciles.min(axis=0)


def run_times(session: Session, pace: Pace) -> list[float]:
    """Seconds of single runs, after a warm-up."""
    for _ in range(WARM_UP):
        session.run()
    times: list[float] = []
    finish = perf_counter() + pace.seconds
    while len(times) < pace.runs or perf_counter() < finish:
        started = perf_counter()
        session.run()
        times.append(perf_counter() - started)
    return times


def measure_latency(model: onnx.ModelProto, key: CostKey, pace: Pace | None = None) -> LatencyMeasurement:
    """The latency of a model where `key` says, over several sessions. Raises Diagnosed (BSN521)."""
    setting = Setting.of(key)
    pace = pace or Pace(rounds=SESSIONS, runs=40, seconds=0.2)
    times = [seconds for _ in range(pace.rounds) for seconds in run_times(Session(model, setting), pace)]
    low, high = median_interval(times)
    return LatencyMeasurement(
        median=float(np.median(times)),
        low=low,
        high=high,
        runs=len(times),
        device=setting.device_name,
        onnxruntime=setting.onnxruntime,
    )


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """A confidence interval of the median from order statistics, for independent values of any distribution: the
    number of values below the median is binomial (David & Nagaraja, Order Statistics, 3rd ed., section 7.1).

    The least and the greatest value, where there are too few for the confidence.
    """
    ordered = sorted(values)
    rank = int(binom.ppf((1 - CONFIDENCE) / 2, len(ordered), 0.5))
    return ordered[max(rank - 1, 0)], ordered[min(len(ordered) - rank, len(ordered) - 1)]
