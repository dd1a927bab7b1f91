"""`keep = best`: the final network has the weights of the epoch that did best on the split for validation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from bsnc.diagnostics import Diagnosed, Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program, with_data_below
from bsnc.ir import Program
from bsnc.train import Silent, Stopped, resume_program, train_program
from tests.train.test_resume import SPEC, After

SETTINGS = ("search.evaluations=10", "train.schedule=constant", "train.optimizer=sgd(lr = 2)", "data.augment=[]")


def program(tmp_path: Path, *settings: str) -> Program:
    (tmp_path / "s.bsn").write_text(SPEC, encoding="utf-8")
    return load_program(tmp_path / "s.bsn", Overrides((*SETTINGS, *settings), ("flops=100% of max",)))[0]


def train(tmp_path: Path, name: str, *settings: str) -> Path:
    directory = tmp_path / name
    directory.mkdir()
    train_program(program(tmp_path, *settings), [Source("s.bsn", SPEC)], directory, 1, Silent())
    return directory


def losses(directory: Path) -> list[float]:
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    return [row["validation"]["loss"] for row in rows if row["phase"] == "fine-tune"]


@pytest.mark.parametrize("ema", [None, 0.5])
def test_the_weights_are_those_of_the_best_epoch(tmp_path: Path, ema: float | None) -> None:
    common = ("data.validation=20%", *([f"train.ema={ema}"] if ema else []))
    best = train(tmp_path, "best", "train.keep=best", "train.fine_tune=8", *common)
    found = losses(best)
    epochs = 1 + found.index(min(found))
    assert epochs < 8, "the last epoch is the best: the test says nothing"
    last = train(tmp_path, "last", f"train.fine_tune={epochs}", *common)
    weights, expected = (load_file(directory / "weights.safetensors") for directory in (best, last))
    learnt = {name: value for name, value in expected.items() if name.endswith(("weight", "bias"))}  # dropout differs
    assert learnt and all((weights[name] == value).all() for name, value in learnt.items())


def test_a_run_that_is_stopped_keeps_the_best_so_far(tmp_path: Path) -> None:
    settings = ("train.keep=best", "train.fine_tune=6", "data.validation=20%")
    whole, parts = train(tmp_path, "whole", *settings), tmp_path / "parts"
    parts.mkdir()
    begin = (program(tmp_path, *settings), [Source("s.bsn", SPEC)], parts, 1, Silent())
    with pytest.raises(Stopped, match="fine-tune"):
        train_program(*begin, stop=After(40))
    resume_program(parts, Silent())
    assert (whole / "weights.safetensors").read_bytes() == (parts / "weights.safetensors").read_bytes()
    assert losses(whole) == losses(parts)


VALUES = """
network tiny() {
  input x: float[4]
  output y: float[2]
  node h = sum | relu
  fixed edge x -> h : linear(8) | batch_norm
  edge x -> h : linear(8)
  fixed edge h -> y : linear(2)
}
train { epochs = 1  fine_tune = 2  batch_size = 8  keep = best }
search { evaluations = 3 }
data { source = npz("values.npz") }
"""


def test_a_split_for_validation_may_be_one_example(tmp_path: Path) -> None:
    """Of which a batch norm sees a single value per channel."""
    random = np.random.default_rng(0)
    sizes = {"train": 32, "val": 1, "test": 8}
    arrays = {f"x_{part}": random.normal(size=(size, 4)).astype(np.float32) for part, size in sizes.items()}
    np.savez(tmp_path / "values.npz", **arrays, **{f"y_{part}": np.arange(size) % 2 for part, size in sizes.items()})
    (tmp_path / "s.bsn").write_text(VALUES, encoding="utf-8")
    program = with_data_below(load_program(tmp_path / "s.bsn", Overrides())[0], tmp_path / "s.bsn")
    result = train_program(program, [Source("s.bsn", VALUES)], tmp_path, 1, Silent())
    assert len(losses(tmp_path)) == 2 and result.test.examples == 8


def test_without_a_split_for_validation_there_is_no_best(tmp_path: Path) -> None:
    with pytest.raises(Diagnosed) as caught:
        train(tmp_path, "run", "train.keep=best")
    (told,) = caught.value.diagnostics
    assert (
        told.code == "BSN501"
        and "needs a split for validation" in told.message
        and "validation = 10%" in (told.help or "")
    )
