"""Logs of whole runs, read back as their tools read them; and after a run was stopped and has gone on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from bsnc.diagnostics import Diagnosed, Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.driver.watching import watched
from bsnc.ir import Program
from bsnc.train import Plan, Silent, Stage, Stopped, resume_program, train_program
from bsnc.watch import kept_logs
from bsnc.watch.scalars import scalars_of
from tests.train.test_resume import SPEC, After

SETTINGS = {
    "staged": ("search.evaluations=25", "train.epochs=2", "train.fine_tune=3"),
    "joint": ("search.mode=joint", "search.warmup=1", "train.epochs=2", "train.fine_tune=3"),
}


@pytest.fixture(scope="module", params=SETTINGS)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    path = tmp_path_factory.mktemp("spec") / "tiny.bsn"
    path.write_text(SPEC, encoding="utf-8")
    return load_program(path, Overrides(SETTINGS[request.param]))[0]


def train(program: Program, directory: Path, stop: After, *logs: str) -> None:
    directory.mkdir(exist_ok=True)
    with watched(Silent(), directory, logs) as watcher:
        train_program(program, [Source("s.bsn", SPEC)], directory, 3, watcher, stop=stop)


def go_on(directory: Path, stop: After | None = None) -> None:
    with watched(Silent(), directory, ()) as watcher:
        resume_program(directory, watcher, stop=stop)


def read(directory: Path) -> EventAccumulator:
    return EventAccumulator(str(directory / "tensorboard"), size_guidance=dict.fromkeys(KINDS, 0)).Reload()


KINDS = ("scalars", "histograms", "images")


def scalars(directory: Path) -> dict[str, list[tuple[int, float]]]:
    """All but seconds, by tag."""
    events = read(directory)
    tags = (tag for tag in events.Tags()["scalars"] if not tag.endswith("/seconds"))
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags}


def steps_of_gates(directory: Path) -> tuple[list[int], list[int]]:
    events = read(directory)
    return [e.step for e in events.Histograms("gates/probabilities")], [e.step for e in events.Images("gates/graph")]


@pytest.fixture(scope="module")
def whole(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("whole") / "run"
    train(program, directory, After(), "tensorboard")
    return directory


def test_tensorboard_shows_every_number_of_the_rows(whole: Path, program: Program) -> None:
    found = scalars(whole)
    rows = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    starts = {"search": 0, "fine-tune": 2}
    for row in rows:
        step = starts[row["phase"]] + row["epoch"]
        for name in ("loss", "accuracy", "learning_rate"):
            assert dict(found[f"{row['phase']}/{name}"])[step] == pytest.approx(row[name])
    assert [step for step, _ in found["fine-tune/loss"]] == [2, 3, 4]
    if program.search.mode == "joint":
        costs, shares = found["search/cost/flops"], found["search/of_bound/flops"]
        assert costs[0][1] == pytest.approx(rows[0]["cost"]["flops"])
        assert 0 < shares[0][1] < 1.67  # of 60% of the maximum
        assert {"search/lambda/flops", "search/mean_entropy", "search/open_gates"} <= found.keys()


def test_tensorboard_shows_gates_as_a_histogram_and_a_picture(whole: Path, program: Program) -> None:
    if program.search.mode == "joint":
        assert steps_of_gates(whole) == ([0, 1], [0, 1])
    else:
        assert steps_of_gates(whole) == ([2], [2])
    events = read(whole)
    histogram = events.Histograms("gates/probabilities")[0].histogram_value
    assert histogram.num == len(program.graph.gates)
    assert 0 <= histogram.min <= histogram.max <= 1
    assert events.Images("gates/graph")[0].encoded_image_string.startswith(b"\x89PNG")


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.99])
def test_a_run_that_was_stopped_goes_on_in_the_same_log(
    program: Program, whole: Path, tmp_path: Path, share: float
) -> None:
    count, run = After(), tmp_path / "run"
    train(program, tmp_path / "counted", count)
    with pytest.raises(Stopped):
        train(program, run, After(1 + round(share * (count.asked - 1))), "tensorboard")
    go_on(run)
    assert scalars(run) == scalars(whole)
    assert steps_of_gates(run) == steps_of_gates(whole)


def test_epochs_that_a_killed_run_repeats_are_logged_once(program: Program, whole: Path, tmp_path: Path) -> None:
    """It was killed after an epoch was logged and before its state was kept."""
    with pytest.raises(Stopped):
        train(program, tmp_path, After(6), "tensorboard")
    with watched(Silent(), tmp_path, ()) as watcher:
        watcher.begin(Plan(program.graph, {}, (Stage("search", 2, 1.0),)))
        watcher.phase("search", 2, 1)
        for epoch in (1, 2, 3):
            watcher.epoch({"phase": "search", "epoch": epoch, "loss": 7.0, "stray": 1.0})
    go_on(tmp_path)
    found = scalars(tmp_path)
    assert found.pop("search/stray", []) == []
    assert found == scalars(whole)


def test_names_and_shares_of_scalars() -> None:
    row = {"phase": "search", "epoch": 3, "cost": {"flops(count = veniat2018)": 30.0, "params": None}, "loss": 1}
    assert scalars_of(row, {"flops(count = veniat2018)": 20.0, "params": 5.0}) == {
        "search/loss": 1.0,
        "search/cost/flops_count_veniat2018": 30.0,
        "search/of_bound/flops_count_veniat2018": 1.5,
    }


# ---- tools that are not installed here ----


class Kept:
    """A tool that notes what it is told."""

    def __init__(self) -> None:
        self.begun: list[dict[str, object]] = []
        self.logged: list[tuple[int, set[str]]] = []
        self.ended = 0

    def begin(self, **options: object) -> SimpleNamespace:
        self.begun.append(options)
        return SimpleNamespace(info=SimpleNamespace(run_id="run7"), log=self.log, finish=self.end)

    def log(self, values: dict[str, float], step: int) -> None:
        self.logged.append((step, set(values)))

    def end(self) -> None:
        self.ended += 1


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Kept:
    kept = Kept()
    fake = SimpleNamespace(start_run=kept.begin, log_metrics=kept.log, end_run=kept.end)
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=kept.begin, Histogram=np.array))
    for name in ("WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    return kept


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_other_tools_go_on_with_their_run_too(program: Program, tmp_path: Path, tool: Kept, name: str) -> None:
    with pytest.raises(Stopped):
        train(program, tmp_path / "run", After(6), name)
    go_on(tmp_path / "run")
    first, second = tool.begun
    key = kept_logs(tmp_path / "run")[name]
    if name == "mlflow":
        assert (first["run_id"], second["run_id"], key) == (None, "run7", "run7")
    else:
        assert first["id"] == second["id"] == key and first["mode"] == "offline"
    assert tool.ended == 2
    assert [step for step, names in tool.logged if any(n.endswith("/loss") for n in names)] == [0, 1, 2, 3, 4]


def test_a_tool_that_fails_meanwhile_does_not_end_the_run(
    program: Program, tmp_path: Path, tool: Kept, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("the server is gone")

    monkeypatch.setattr(tool, "log", fail)
    monkeypatch.setattr(sys.modules["mlflow"], "log_metrics", fail)
    train(program, tmp_path / "run", After(), "mlflow", "tensorboard")
    assert (tmp_path / "run/weights.safetensors").exists()
    assert "the server is gone" in caplog.text
    assert len(scalars(tmp_path / "run")["search/loss"]) == 2


def test_a_tool_that_refuses_is_a_diagnostic(
    program: Program, tmp_path: Path, tool: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse: Callable[..., None] = lambda **_: (_ for _ in ()).throw(ConnectionError("no such server"))  # noqa: E731
    monkeypatch.setattr(sys.modules["mlflow"], "start_run", refuse)
    with pytest.raises(Diagnosed) as caught:
        train(program, tmp_path / "run", After(), "mlflow")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN541" and "no such server" in diagnostic.message
