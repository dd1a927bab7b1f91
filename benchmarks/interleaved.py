"""Times of programs in turn, so that what else the machine does meets all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

Run = Callable[[], object]
WARM_UP = 3


def seconds_of_runs(runs: Mapping[str, Run], rounds: int, turn: float) -> dict[str, list[float]]:
    """Seconds of single runs by name. Each round goes over all, beginning with another one; a turn is one run that is
    not counted, and then as many as begin within `turn` seconds, one at least.

    The clock is that of this thread, which has to do all the work: what it waits for a core does not count.
    """
    for run in runs.values():
        for _ in range(WARM_UP):
            run()
    names = list(runs)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            taken[name] += _turn(runs[name], turn)
    return taken


def _turn(run: Run, turn: float) -> list[float]:
    run()
    times: list[float] = []
    finish = time.perf_counter() + turn
    while not times or time.perf_counter() < finish:
        started = time.thread_time()
        run()
        times.append(time.thread_time() - started)
    return times


def ratio(taken: Mapping[str, list[float]], name: str, other: str) -> float:
    """The median of one divided by that of the other."""
    return statistics.median(taken[name]) / statistics.median(taken[other])


def in_onnx_runtime(
    content: bytes, x: NDArray[np.float32], fixed: str | None = None
) -> Callable[[], NDArray[np.float32]]:
    """The first output of a model for `x`, on one thread of the CPU, with all that ONNX Runtime does to a graph.

    The free dimension `fixed` is set to the size of the batch as the model is loaded.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if fixed is not None:
        options.add_free_dimension_override_by_name(fixed, len(x))
    session = cast(Any, ort.InferenceSession(content, options, providers=["CPUExecutionProvider"]))
    feed = {session.get_inputs()[0].name: x}
    return lambda: session.run(None, feed)[0]
