"""What is shown while a run goes on: lines without a terminal, bars on one."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bsnc.cli import progress
from bsnc.cli.progress import Bar, StepBar, metrics_text, time_text
from bsnc.diagnostics import Diagnostic
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.train import Plan, Stage

STAGES = (Stage("search", 40, 2.0), Stage("evaluations", 100, 0.1, trains=False), Stage("fine-tune", 20, 1.0))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def plan(repository: Path) -> Plan:
    program = load_program(repository / "specs/digits.bsn", Overrides())[0]
    return Plan(program.graph, {"flops": 1e6}, STAGES)


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(progress.Eta.__init__, "__defaults__", (lambda: now[0],))

    def wait(seconds: float) -> None:
        now[0] += seconds

    return wait


def row(phase: str, epoch: int, **others: object) -> dict[str, object]:
    return {"phase": phase, "epoch": epoch, "loss": 1.0, **others}


def test_lines_tell_the_time_that_the_whole_run_takes(plan: Plan, pass_time, capsys: pytest.CaptureFixture) -> None:
    with Bar() as bar:
        bar.wait("reading data")
        bar.begin(plan)
        bar.phase("search", 40)
        for epoch in range(10):
            pass_time(4.0)
            bar.epoch(row("search", epoch))
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["reading data", "search: 40 epochs", "  epoch 10/40  loss 1.000  3 min left in all"]


def test_a_line_is_due_after_a_minute(plan: Plan, pass_time, capsys: pytest.CaptureFixture) -> None:
    with Bar() as bar:
        bar.begin(plan)
        bar.phase("search", 40)
        for epoch in range(3):
            pass_time(50.0)
            bar.epoch(row("search", epoch))
        for done in range(1, 41):
            pass_time(2.0)
            bar.step("evaluations", done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  loss")[0] for line in lines] == [
        "search: 40 epochs",
        "  epoch 2/40",
        "evaluations: 100",
        "  32/100  9 min left in all",
    ]


def test_costs_are_told_beside_their_budgets() -> None:
    found = row("search", 3, accuracy=0.5, cost={"flops": 1.18e6, "params": 1e4, "memory": None})
    found |= {"mean_entropy": 0.5, "open_gates": 3, "frozen_gates": 2}
    assert metrics_text(found, {"flops": 1e6, "memory": 1.0}) == [
        "loss 1.000",
        "accuracy 50.0%",
        "flops 118% of bound",
        "params 10,000",
        "entropy 0.50",
        "open gates 3",
        "frozen 2",
    ]
    assert metrics_text(found | {"frozen_gates": 0}, {})[-1] == "open gates 3"


@pytest.mark.parametrize(
    ("seconds", "text"), [(12, "10 s"), (44, "40 s"), (89, "90 s"), (95, "2 min"), (5400, "1.5 h"), (90000, "25.0 h")]
)
def test_times(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_a_terminal_shows_phases_and_the_whole_run(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with Bar() as bar:
        bar.wait("reading data")
        bar._bar.refresh()
        bar.begin(plan)
        bar.phase("search", 40)
        bar.epoch(row("search", 0, cost={"flops": 1.18e6}))
        bar.step("evaluations", 1, 100)
        bar.warn(Diagnostic("BSN543", "it learns nothing", subject="train"))
    shown = screen.getvalue()
    assert "reading data" in shown and "reading data" not in shown.rpartition("search")[2]
    last = shown.rpartition("run")[2]
    assert "1/40" in last and "flops 118% of bound" in last and "1/100" in last
    assert "BSN543" in shown


def test_a_terminal_is_told_what_is_waited_for_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with StepBar() as bar:
        assert "loading torch" in screen.getvalue()
        bar.step("evaluations", 1, 100)
    assert "loading torch" not in screen.getvalue().rpartition("evaluations")[2]


def test_a_run_is_told_in_full(bsnc, tiny_run: Path, tmp_path: Path) -> None:
    given = ("-o", tmp_path / "run", "--budget", "flops=3k", "--set", "train.epochs=2")
    run = bsnc("train", tiny_run / "tiny.bsn", *given)
    assert run.exit == 0, run.stderr
    told = [line.split("  loss")[0] for line in run.stderr.splitlines()]
    assert told == [
        "reading data",
        "search: 2 epochs",
        "  epoch 2/2",
        "evaluations: 1",
        "fine-tune: 1 epoch",
        "  epoch 1/1",
    ]
