"""Data that are larger than memory should hold: they lie in a file, are read ahead, and train the same network."""

from __future__ import annotations

import threading
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch

from bsnc.data import Dataset, Split, ahead, batches_of
from bsnc.data.sources import room
from bsnc.diagnostics import Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import ImageFolder
from bsnc.train import Silent, train_program
from tests.data.made import classifier, load, mistake, write_folders

CPU = torch.device("cpu")


@pytest.fixture
def in_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Everything is too large for memory."""
    monkeypatch.setattr(room, "SHARE", 0.0)
    monkeypatch.setattr(ahead, "IN_HAND", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bsnc"


def same(one: Dataset, other: Dataset) -> None:
    for name in ("train", "test", "validation"):
        parts = [getattr(data, name) for data in (one, other)]
        assert torch.equal(parts[0].inputs, parts[1].inputs) and torch.equal(parts[0].targets, parts[1].targets)
    assert torch.equal(one.mean, other.mean) and torch.equal(one.std, other.std)


def test_images_in_a_file_are_those_in_memory(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    write_folders(tmp_path / "images", {"a": 30, "b": 25, "c": 20})
    wanted = {"source": ImageFolder(path=str(tmp_path / "images")), "test": 0.2, "validation": 0.2}
    before = load(classifier(), **wanted)
    directory = request.getfixturevalue("in_files")
    same(load(classifier(), **wanted), before)
    assert directory.is_dir() and not list(directory.iterdir())


def test_arrays_of_the_file_are_windows_of_it(in_files: Path) -> None:
    array = room.room((3, 4), np.dtype(np.uint8))
    array[:] = np.arange(12).reshape(3, 4)
    assert isinstance(array, np.memmap) and array.tolist()[2] == [8, 9, 10, 11] and not list(in_files.iterdir())


def test_a_disk_without_room_is_told(in_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folders(tmp_path / "images", {"a": 5, "b": 5})
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage(7))
    told = mistake(classifier(), source=ImageFolder(path=str(tmp_path / "images")))
    assert told.code == "BSN501" and "has 0.0 GB free" in told.message and "XDG_CACHE_HOME" in (told.help or "")
    (tmp_path / "cache").rename(tmp_path / "elsewhere")
    (tmp_path / "cache").write_text("a file in its place")
    told = mistake(classifier(), source=ImageFolder(path=str(tmp_path / "images")))
    assert told.code == "BSN501" and "no file can be written" in told.message


def test_subsets_and_batches_look_rows_up() -> None:
    split = Split(torch.arange(20.0)[:, None], torch.arange(20))
    some = split.subset(torch.tensor([9, 3, 7, 5])).subset(torch.tensor([2, 0, 1]))
    assert some.targets.tolist() == [7, 9, 3] and len(some) == 3 and some.nbytes == 3 * (4 + 8)
    assert some[1:].targets.tolist() == [9, 3] and some[torch.tensor([2, 2])].inputs.flatten().tolist() == [3, 3]
    assert [part.targets.tolist() for part in some.parts(2)] == [[7, 9], [3]]


def test_batches_are_read_ahead_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "IN_HAND", 0)
    split, rows = Split(torch.arange(400.0)[:, None], torch.arange(400)), torch.randperm(400).view(-1, 8)
    assert [batch.targets.tolist() for batch in batches_of(split, rows, CPU)] == rows.tolist()
    before = threading.active_count()
    some = batches_of(split, rows, CPU)
    next(some)
    assert before < threading.active_count() <= before + ahead.WORKERS
    some.close()
    assert threading.active_count() == before


def test_a_run_on_a_file_is_that_in_memory(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("layers=2", "channels=2", "train.epochs=1", "train.fine_tune=1", "search.evaluations=45")
    program = load_program(repository / "specs" / "digits.bsn", Overrides(settings, ("flops=60% of max",)))[0]
    weights: list[bytes] = []
    for name, limit in (("memory", ahead.IN_HAND), ("file", 0)):
        monkeypatch.setattr(ahead, "IN_HAND", limit)
        (tmp_path / name).mkdir()
        train_program(program, [Source("s.bsn", "")], tmp_path / name, 0, Silent())
        weights.append((tmp_path / name / "weights.safetensors").read_bytes())
    assert weights[0] == weights[1]
