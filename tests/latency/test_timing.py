"""What is made of single runs. No test asks how long anything takes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

from bsnc.diagnostics import Diagnosed
from bsnc.export import Fragments, Pace, Setting, measure_latency
from bsnc.export.latency import timing
from bsnc.export.latency.assemble import copies
from bsnc.export.latency.setting import Session
from bsnc.ir import CostKey
from tests.laws.build import chain, conv

CPU = CostKey(name="latency")
CUDA = CostKey(name="latency", options=(("device", "cuda"),))
MODULE = chain((2, 4, 4), [conv(2)])


def test_the_setting_is_that_of_the_key() -> None:
    setting = Setting.of(CostKey(name="latency", options=(("threads", "2"), ("batch", "3"))))
    assert (setting.device, setting.threads, setting.batch) == ("cpu", 2, 3)
    assert setting.onnxruntime == onnxruntime.__version__ and setting.device_name
    plain = Setting.of(CPU)
    assert (plain.threads, plain.batch) == (1, 1)


def test_a_run_has_the_batch_of_the_setting(fragments: Fragments) -> None:
    setting = Setting.of(CPU).model_copy(update={"batch": 3})
    assert Session(copies(MODULE, 1, fragments), setting).run().shape == (3, 2, 4, 4)


def test_without_the_device_there_is_a_diagnostic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(Diagnosed) as caught:
        Setting.of(CUDA)
    assert [d.code for d in caught.value.diagnostics] == ["BSN521"]
    assert "onnxruntime-gpu" in str(caught.value.diagnostics[0].help)


def test_a_provider_that_does_not_load_is_a_diagnostic(monkeypatch: pytest.MonkeyPatch, fragments: Fragments) -> None:
    """ONNX Runtime falls back to the CPU in silence."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    setting = Setting.of(CUDA)
    monkeypatch.undo()
    with pytest.raises(Diagnosed) as caught, pytest.warns(UserWarning):
        Session(copies(MODULE, 1, fragments), setting)
    assert [d.code for d in caught.value.diagnostics] == ["BSN521"]


def test_what_cannot_run_is_a_diagnostic(fragments: Fragments) -> None:
    model = copies(MODULE, 1, fragments)
    model.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(Diagnosed) as caught:
        Session(model, Setting.of(CPU))
    assert [d.code for d in caught.value.diagnostics] == ["BSN521"]


def test_a_measurement_says_its_median_its_interval_and_its_runs(fragments: Fragments) -> None:
    found = measure_latency(copies(MODULE, 1, fragments), CPU, Pace(rounds=2, runs=9, seconds=0))
    assert 0 < found.low <= found.median <= found.high
    assert found.runs == 18 and found.onnxruntime == onnxruntime.__version__


@pytest.mark.parametrize("count", [1, 2, 5, 6, 30, 101])
def test_the_interval_is_that_of_order_statistics(count: int) -> None:
    """From the table of David & Nagaraja's method: P(X(r) < median < X(n − r + 1)) ≥ 95%, r as large as that allows."""
    values = list(np.random.default_rng(count).permutation(count) + 1.0)
    ranks = {1: (1, 1), 2: (1, 2), 5: (1, 5), 6: (1, 6), 30: (10, 21), 101: (41, 61)}
    assert timing.median_interval(values) == ranks[count]


def test_the_interval_covers_the_median_as_often_as_it_says() -> None:
    draws = np.random.default_rng(0).exponential(size=(1000, 40))
    intervals = [timing.median_interval(row.tolist()) for row in draws]
    assert np.mean([low <= np.log(2) <= high for low, high in intervals]) >= 0.94


def test_quiet_times_outlast_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is slower for a while, by factors of 1, 3, 2, …; half of the runs wait for something; some are too fast."""
    loaded: list[str] = []

    def times_in_turn(sessions: list[str], pace: Pace) -> list[list[float]]:
        loaded.append(sessions[0])
        true = [{"a": 2.0, "b": 3.0}[session] for session in sessions]
        slow = 1 + (2 * len(loaded) - 2) % 3
        return [[0.1] * 2, *([t * slow * (2 if i % 2 else 1) for t in true] for i in range(29))]

    monkeypatch.setattr(timing, "Session", lambda model, setting: model)
    monkeypatch.setattr(timing, "times_in_turn", times_in_turn)
    steps: list[int] = []
    models: list[Any] = [lambda: "a", lambda: "b"]
    times = timing.quiet_times(models, Setting.of(CPU), Pace(rounds=3), steps.append)
    assert times.tolist() == [2.0, 3.0] and steps == [1, 2, 3, 4, 5, 6]
    assert all(set(loaded[i : i + 2]) == {"a", "b"} for i in (0, 2, 4))


def test_runs_in_turn_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """On one thread the time of the thread counts, on several that on the wall."""
    wall, thread = iter(range(0, 1000, 5)), iter(range(1000))
    monkeypatch.setattr(timing, "perf_counter", lambda: next(wall))
    monkeypatch.setattr(timing, "thread_time", lambda: next(thread))
    order: list[str] = []
    one = SimpleNamespace(on_one_thread=True, run=lambda: order.append("one"))
    many = SimpleNamespace(on_one_thread=False, run=lambda: order.append("many"))
    sessions: list[Any] = [one, many]
    times = timing.times_in_turn(sessions, Pace(runs=2, seconds=0))
    assert times == [[1, 5], [1, 5]]
    assert order == ["one"] * timing.WARM_UP + ["many"] * timing.WARM_UP + ["one", "many"] * 2
