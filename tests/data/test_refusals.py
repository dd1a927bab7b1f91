"""Data that would be read as something else than they are: refused, with the place and the reason."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from bsnc.data import Split, check_augmentation
from bsnc.data.assemble import statistics
from bsnc.data.sources.raw import by_split
from bsnc.diagnostics import Diagnosed
from bsnc.ir import ImageFolder, Jitter, Npz, Parquet
from tests.data.made import classifier, load, mistake, pixels, png, segmenter, write_folders, write_table

TEXTS = np.array(["a", "b", "c"] * 4)
NUMBERS = np.array([0, 1, 2] * 4)
IMAGES = pixels(12)


def npz(folder: Path, **arrays: np.ndarray) -> Npz:
    np.savez(folder / "a.npz", **arrays)
    return Npz(path=str(folder / "a.npz"))


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x": IMAGES, "y": NUMBERS, "x_train": IMAGES, "y_train": NUMBERS}, "`x` and `x_train` are both for split"),
        ({"x": IMAGES, "y": NUMBERS, "y_test": NUMBERS}, "there is no array `x_test`"),
        ({"x": IMAGES, "y": TEXTS, "x_test": IMAGES, "y_test": NUMBERS}, "labels are numbers here, in other splits"),
        ({"x": IMAGES, "y": NUMBERS, "x_test": IMAGES, "y_test": TEXTS}, "labels are texts here, in other splits"),
        ({"x": IMAGES, "y": NUMBERS, "class_names": np.array(["a", "b", "a"])}, "two classes are called `a`"),
        ({"x": IMAGES, "y": NUMBERS, "class_names": np.array([], dtype="U1")}, "the list of class names is empty"),
        ({"x": IMAGES, "y": np.array([2**63 + 5] * 12, np.uint64)}, "row 0: a label that is no class number"),
        ({"x": IMAGES[:, :0], "y": NUMBERS}, "inputs of split `train` are of shape"),
    ],
)
def test_arrays_whose_meaning_is_not_clear(tmp_path: Path, arrays: dict[str, np.ndarray], says: str) -> None:
    found = mistake(classifier(), source=npz(tmp_path, **arrays))
    assert says in found.message


def test_a_bad_label_is_placed_where_labels_lie(tmp_path: Path) -> None:
    found = mistake(classifier(), source=npz(tmp_path, x=IMAGES, y=NUMBERS - 1))
    assert (found.subject or "").endswith("a.npz: y")


def test_labels_of_bytes_are_texts(tmp_path: Path) -> None:
    assert load(classifier(), source=npz(tmp_path, x=IMAGES, y=TEXTS.astype("S"))).class_names == ("a", "b", "c")


def test_splits_that_are_called_alike_are_refused() -> None:
    assert by_split(["test", "train"], "here") == {"train": "train", "test": "test"}
    with pytest.raises(Diagnosed) as caught:
        by_split(["train", "val", "valid"], "here")
    assert "`val` and `valid`" in caught.value.diagnostics[0].message


def test_lists_without_numbers_and_without_a_list(tmp_path: Path) -> None:
    cases = [
        (pa.array([[]] * 12, pa.list_(pa.float32())), "there is nothing in them"),
        ([[[1.0]], [None]] * 6, "row 1: a list in column `v` has an empty"),
    ]
    for i, (lists, says) in enumerate(cases):
        table = write_table(tmp_path / f"{i}.parquet", {"v": lists, "label": NUMBERS.tolist()})
        assert says in mistake(classifier((1, 1)), source=Parquet(path=str(table))).message


def test_a_column_is_no_input_twice(tmp_path: Path) -> None:
    table = write_table(tmp_path / "a.parquet", {"v": [0.5] * 12, "label": NUMBERS.tolist()})
    assert (
        "names column `v` twice" in mistake(classifier((2,)), source=Parquet(path=str(table)), input=("v", "v")).message
    )


def test_masks_in_jpeg_and_masks_of_another_size(tmp_path: Path) -> None:
    buffer, mask = io.BytesIO(), np.zeros((4, 4), np.uint8)
    Image.fromarray(mask).save(buffer, "jpeg")
    for i, (odd, says) in enumerate([(buffer.getvalue(), "a mask in JPEG"), (png(mask[:3]), "a mask of 3×4 pixels")]):
        masks = [png(mask)] * 11 + [odd]
        table = write_table(tmp_path / f"{i}.parquet", {"image": [png(p) for p in IMAGES], "mask": masks})
        assert says in mistake(segmenter(), source=Parquet(path=str(table)), target="mask").message


def test_masks_in_which_no_pixel_counts(tmp_path: Path) -> None:
    source = npz(tmp_path, x=IMAGES, y=np.full((12, 4, 4), 255))
    assert "no pixel of split `train` counts" in mistake(segmenter(), source=source, target="mask", ignore=255).message


def test_statistics_of_large_numbers_are_exact(tmp_path: Path) -> None:
    """Times in seconds, and numbers near the largest of float32."""
    rows = np.random.default_rng(0).normal(size=(1000, 1))
    for scale, offset in ((1e4, 1.7e9), (8e37, 0)):
        given = (rows * scale + offset).astype(np.float32)
        data = load(classifier((1,)), source=npz(tmp_path, x=given, y=np.arange(1000) % 3))
        train = data.train.inputs.double()
        assert data.mean == pytest.approx(train.mean().item(), rel=1e-6)
        assert data.std == pytest.approx(train.std().item(), rel=1e-4)
    constant = statistics(Split(data.train.inputs * 0 + 1e9, data.train.targets))
    assert constant[0].item() == 1e9 and constant[1].item() == 1


def test_jitter_takes_colours_from_0_to_1(tmp_path: Path) -> None:
    given = pixels(12).astype(np.float32)
    check_augmentation(load(classifier(), source=npz(tmp_path, x=given / 255, y=NUMBERS)), [Jitter()])
    with pytest.raises(Diagnosed) as caught:
        check_augmentation(load(classifier(), source=npz(tmp_path, x=given, y=NUMBERS)), [Jitter()])
    assert "inputs lie beyond" in caught.value.diagnostics[0].message


def test_folders_called_alike(tmp_path: Path) -> None:
    for split in ("train", "val", "valid"):
        write_folders(tmp_path / split, {"cat": 3, "dog": 3, "owl": 3})
    assert (
        "both called like split `validation`" in mistake(classifier(), source=ImageFolder(path=str(tmp_path))).message
    )
