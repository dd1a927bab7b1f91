"""What is read all the same, with a warning; and names that no model can hold."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from bsnc.data import Dataset
from bsnc.data.sources.precision import merged_features
from bsnc.ir import Digits, ImageFolder, Npz, Parquet
from tests.data.made import classifier, load, mistake, pixels, write_folders, write_images, write_table

NUMBERS = np.random.default_rng(0).normal(size=(600, 2))
FAR = NUMBERS + np.array([0, 1e9])
CLASSES = np.arange(600) % 3


def npz(folder: Path, **arrays: np.ndarray) -> Npz:
    np.savez(folder / "a.npz", **arrays)
    return Npz(path=str(folder / "a.npz"))


def warned(data: Dataset) -> list[tuple[str, str]]:
    return [(warning.code, warning.message) for warning in data.warnings]


def test_shares_that_the_data_leave_unused(tmp_path: Path) -> None:
    given = {"x": NUMBERS, "y": CLASSES}
    source = npz(tmp_path, **given, x_test=NUMBERS[:9], y_test=CLASSES[:9])
    graph = classifier((2,))
    assert not load(graph, source=source).warnings
    assert not load(graph, source=source, validation=0.1, split_seed=3).warnings
    found = warned(load(graph, source=source, test=0.2, split_seed=3))
    assert [message.partition(" has")[0] for _, message in found] == [
        "`test` in section `data`",
        "`split_seed` in section `data`",
    ]
    assert {code for code, _ in found} == {"BSN406"}
    source = npz(tmp_path, **given, x_val=NUMBERS[:9], y_val=CLASSES[:9])
    (only,) = warned(load(graph, source=source, test=0.3, validation=0.2, split_seed=3))
    assert "a split `validation` of their own" in only[1]
    digits = load(classifier((1, 8, 8), 10), source=Digits(), test=0.1)
    assert [code for code, _ in warned(digits)] == ["BSN406"]


def test_what_nothing_is_read_from(tmp_path: Path) -> None:
    names = np.array(["a", "b", "c"])
    source = npz(tmp_path, x=NUMBERS, y=CLASSES, class_names=names, x_tset=NUMBERS, y_tset=CLASSES)
    found = [("BSN535", "arrays that nothing is read from: `x_tset`, `y_tset`")]
    assert warned(load(classifier((2,)), source=source)) == found
    write_folders(tmp_path / "photos" / "train", {"cat": 5, "dog": 5, "owl": 5})
    write_folders(tmp_path / "photos", {"cat": 2})
    (folders,) = warned(load(classifier(), source=ImageFolder(path=str(tmp_path / "photos"))))
    assert folders == ("BSN535", "folders that nothing is read from: `cat`")
    write_folders(tmp_path / "tree", {"cat": 5, "dog": 5, "owl": 0})
    (empty,) = warned(load(classifier(), source=ImageFolder(path=str(tmp_path / "tree")), test=0.2))
    assert empty == ("BSN535", "folders that nothing is read from: `owl`")
    for name in ("train-0", "tset-0"):
        write_images(tmp_path / "shards" / f"{name}.parquet")
    (files,) = warned(load(classifier(), source=Parquet(path=str(tmp_path / "shards"))))
    assert files == ("BSN535", "files that nothing is read from: `tset-0.parquet`")


def test_numbers_that_float32_merges(tmp_path: Path) -> None:
    assert merged_features(FAR) == [1]
    assert merged_features(NUMBERS[:, 0] + 1e9) == [0]
    assert merged_features(np.array([[2**25], [2**25 + 1]])) == [0]
    assert merged_features(NUMBERS[:, :, None] + 1e9) == [0, 1]
    for fine in (NUMBERS + 1e3, np.full((9, 1), 1e9 + 1), (NUMBERS + 1e9).astype(np.float32), pixels(3), NUMBERS[:0]):
        assert merged_features(fine) == []


def test_the_place_of_numbers_that_float32_merges(tmp_path: Path) -> None:
    said = "that differ become equal in float32"
    found = load(classifier((2,)), source=npz(tmp_path, x=FAR, y=CLASSES))
    assert warned(found) == [("BSN536", f"numbers of feature 1 of `x` {said}")]
    assert "subtract their mean" in (found.warnings[0].help or "")
    columns = {"a": NUMBERS[:, 0], "b": NUMBERS[:, 1] + 1e9, "label": CLASSES}
    table = Parquet(path=str(write_table(tmp_path / "a.parquet", columns)))
    assert warned(load(classifier((2,)), source=table, input=("a", "b"), label="label")) == [
        ("BSN536", f"numbers of column `b` {said}")
    ]
    values = {"source": table, "input": "a", "label": "b", "target": "value"}
    assert warned(load(classifier((1,), 1), **values)) == [("BSN536", f"numbers of column `b` {said}")]
    assert not load(classifier((1,)), source=table, input="a", label="label").warnings


def test_a_class_whose_name_is_not_utf8(tmp_path: Path) -> None:
    write_folders(tmp_path / "photos", {"cat": 4, "dog": 4})
    try:
        os.rename(tmp_path / "photos" / "dog", os.fsencode(tmp_path / "photos") + b"/d\xe9g")  # noqa: PTH104
    except OSError:
        pytest.skip("this file system has no such names")
    found = mistake(classifier(classes=2), source=ImageFolder(path=str(tmp_path / "photos")))
    assert (found.code, found.message) == ("BSN501", r"the name of class `d\xe9g` is not UTF-8")
    source = npz(tmp_path, x=NUMBERS, y=np.array(["a", "b", "\udcff"] * 200))
    assert "is not UTF-8" in mistake(classifier((2,)), source=source).message


def test_one_is_singular(tmp_path: Path) -> None:
    alone = npz(tmp_path, x=NUMBERS[:1], y=CLASSES[:1])
    assert "a share of 1 training example leaves" in mistake(classifier((2,)), source=alone).message
    one = npz(tmp_path, x=NUMBERS, y=np.zeros(600, int), class_names=np.array(["a"]))
    assert "the data has 1 class," in mistake(classifier((2,)), source=one).message
    other = npz(tmp_path, x=NUMBERS, y=CLASSES, class_names=np.array(["a"]))
    assert "but the data names 1 class, 0" in mistake(classifier((2,)), source=other).message
