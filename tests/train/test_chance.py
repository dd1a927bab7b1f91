"""Training that learns nothing is suspected once, and training that does is not."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bsnc.data import Classification, Dataset, Regression, Segmentation, Split, load_data
from bsnc.diagnostics import Diagnostic, Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import Program
from bsnc.train import Silent, Stopped, resume_program, train_program
from bsnc.train.chance import Chance, constant_loss
from tests.train.test_resume import SPEC, After

SETTINGS = ("train.epochs=5", "train.fine_tune=6", "search.evaluations=8", "train.batch_size=128")


class Warned(Silent):
    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def warn(self, diagnostic: Diagnostic) -> None:
        self.found.append(diagnostic)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    (tmp_path / "tiny.bsn").write_text(SPEC, encoding="utf-8")
    return load_program(tmp_path / "tiny.bsn", Overrides((*SETTINGS, "train.optimizer=sgd(lr = 1e-9)")))[0]


def rows(directory: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def dataset(task, targets: torch.Tensor) -> Dataset:
    split = Split(torch.zeros(len(targets), 1), targets)
    return Dataset(split, split, (), torch.zeros(1), torch.ones(1), task=task)


def test_what_does_not_learn_is_suspected_once_and_recorded(program: Program, tmp_path: Path) -> None:
    watcher, run = Warned(), tmp_path / "run"
    run.mkdir()
    train_program(program, [Source("s.bsn", SPEC)], run, 0, watcher)
    assert [(d.code, d.severity) for d in watcher.found] == [("BSN543", "warning")]
    assert "after 5 epochs of phase search" in watcher.found[0].message
    assert [(r["phase"], r["epoch"]) for r in rows(run) if "warning" in r] == [("search", 4)]


def test_a_run_that_goes_on_remembers_what_was_said(program: Program, tmp_path: Path) -> None:
    run, steps = tmp_path / "run", 1145 // 128
    run.mkdir()
    with pytest.raises(Stopped):
        train_program(program, [Source("s.bsn", SPEC)], run, 0, Silent(), stop=After(5 * steps + 2))
    watcher = Warned()
    resume_program(run, watcher)
    assert not watcher.found
    assert [r["epoch"] for r in rows(run) if "warning" in r] == [4]


def test_labels_that_belong_to_no_example_are_suspected(tmp_path: Path) -> None:
    """The network is too small to know them by heart."""
    (tmp_path / "tiny.bsn").write_text(SPEC, encoding="utf-8")
    settings = ("c=8", "train.optimizer=sgd(lr = 0.1)", *SETTINGS)
    program = load_program(tmp_path / "tiny.bsn", Overrides(settings))[0]
    data, watcher = load_data(program.data, program.graph), Warned()
    for name, targets in (("shuffled", data.train.targets.roll(500)), ("right", data.train.targets)):
        (tmp_path / name).mkdir()
        given = replace(data, train=Split(data.train.inputs, targets))
        train_program(program, [Source("s.bsn", SPEC)], tmp_path / name, 0, watcher, dataset=given)
        assert [d.code for d in watcher.found] == ["BSN543"]


@pytest.mark.parametrize(
    ("mode", "epochs", "first"), [("joint", 5, 5), ("joint", 12, 5), ("joint", 30, 10), ("staged", 12, 12)]
)
def test_nothing_is_said_early(program: Program, mode: str, epochs: int, first: int) -> None:
    """Weights that all architectures share have the whole of their phase."""
    train = program.train.model_copy(update={"epochs": epochs})
    search = program.search.model_copy(update={"mode": mode})
    chance = Chance(program.model_copy(update={"train": train, "search": search}), 2.0)
    told = [{"phase": "search", "epoch": i, "loss": 2.1} for i in range(epochs)]
    assert [chance(told[: i + 1]) is not None for i in range(epochs)] == [i + 1 >= first for i in range(epochs)]
    assert chance([{"phase": "search", "epoch": 0, "loss": 1.9}, *told]) is None


def test_losses_by_a_teacher_are_not_compared(program: Program) -> None:
    from bsnc.ir import Distill, Whole

    train = program.train.model_copy(update={"distill": Distill(teacher=Whole())})
    chance = Chance(program.model_copy(update={"train": train}), 2.0)
    told = [{"phase": "fine-tune", "epoch": i, "loss": 9.0} for i in range(6)]
    assert chance(told) is None


def test_the_loss_of_a_constant_guess() -> None:
    classes = torch.tensor([0, 0, 0, 1])
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert constant_loss(dataset(Classification(), classes), 2) == pytest.approx(entropy)
    logits = torch.tensor([[0.7, 0.3]]).log().expand(4, 2)
    smoothed = float(Classification().losses(logits, classes, 0.2).mean())
    assert constant_loss(dataset(Classification(), classes), 2, 0.2) == pytest.approx(smoothed)
    masks = torch.tensor([[[0, 0], [0, 255]], [[1, 255], [255, 255]]], dtype=torch.uint8)
    assert constant_loss(dataset(Segmentation(255), masks), 2) == pytest.approx(entropy)
    values = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    assert constant_loss(dataset(Regression.of(values), values), 2) == pytest.approx(0.5)
