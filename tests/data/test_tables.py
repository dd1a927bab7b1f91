"""Parquet files and data sets of the hub: the same tables, columns found and checked."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch

from bsnc.data import Dataset
from bsnc.ir import Hub, Parquet
from tests.data.made import (
    CLASSES,
    as_on_the_hub,
    classifier,
    load,
    mistake,
    pixels,
    png,
    real,
    segmenter,
    write_images,
    write_table,
)


@pytest.fixture
def shards(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """Two shards to train on, one for validation, one for test, and their images."""
    made = {
        name: write_images(tmp_path / f"{name}.parquet", count, seed)
        for seed, (name, count) in enumerate(
            [("train-00000-of-00002", 7), ("train-00001-of-00002", 5), ("valid-0", 4), ("test-0", 6)]
        )
    }
    return tmp_path, made


def test_shards_follow_each_other_and_images_are_bytes_as_encoded(shards) -> None:
    folder, made = shards
    data = load(classifier(), source=Parquet(path=str(folder)))
    train = np.concatenate([made["train-00000-of-00002"], made["train-00001-of-00002"]])
    assert data.train.inputs.dtype == torch.uint8
    assert np.array_equal(data.train.inputs.numpy(), train.transpose(0, 3, 1, 2))
    assert data.train.targets.tolist() == [*(i % 3 for i in range(7)), *(i % 3 for i in range(5))]
    assert data.validation is not None and np.array_equal(
        data.validation.inputs.numpy(), made["valid-0"].transpose(0, 3, 1, 2)
    )
    assert data.sizes == {"train": 12, "validation": 4, "test": 6}
    assert data.class_names == CLASSES


def test_statistics_are_those_of_the_training_images_in_units_of_one(shards) -> None:
    folder, _ = shards
    data = load(classifier(), source=Parquet(path=str(folder)))
    images = data.train.inputs.double() / 255
    assert torch.allclose(data.mean.double(), images.mean((0, 2, 3)))
    assert torch.allclose(data.std.double(), images.std((0, 2, 3)))
    normal = data.normalise(data.train.inputs)
    assert normal.dtype == torch.float32 and torch.allclose(normal.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)


def test_the_first_rows_only(shards) -> None:
    data = load(classifier(), source=Parquet(path=str(shards[0])), limit=5)
    assert data.sizes == {"train": 5, "validation": 4, "test": 5}


def test_one_file_is_split_by_shares(tmp_path: Path) -> None:
    write_images(tmp_path / "all.parquet", 40)
    source = Parquet(path=str(tmp_path / "all.parquet"))
    assert load(classifier(), source=source).sizes == {"train": 32, "validation": 0, "test": 8}
    data = load(classifier(), source=source, test=0.25, validation=0.1)
    assert data.sizes == {"train": 26, "validation": 4, "test": 10}


def test_images_as_plain_bytes_in_grey_and_colour_become_what_the_network_takes(tmp_path: Path) -> None:
    images = pixels(6)
    encoded = [png(image, "L" if i % 2 else None) for i, image in enumerate(images)]
    write_table(
        tmp_path / "a.parquet", {"photo": pa.array(encoded, pa.binary()), "kind": ["b", "a", "b", "c", "a", "c"]}
    )
    source = Parquet(path=str(tmp_path / "a.parquet"))
    data = load(classifier(), source=source, test=0.5)
    assert data.train.inputs.shape[1:] == (3, 4, 4) and data.class_names == ("a", "b", "c")
    grey = mistake(classifier((1, 4, 4)), source=source)
    assert grey.code == "BSN532" and grey.message == "row 0: an image in colour, but the network takes 1 channel"


def test_images_of_different_sizes_are_resized_or_told(tmp_path: Path) -> None:
    encoded = [png(pixels(1, (4, 4 + i))[0]) for i in range(6)]
    write_table(tmp_path / "a.parquet", {"img": as_on_the_hub(encoded), "label": [0, 1, 2, 0, 1, 2]})
    source = Parquet(path=str(tmp_path / "a.parquet"))
    assert load(classifier(), source=source, size=(4, 4), test=0.5).train.inputs.shape[1:] == (3, 4, 4)
    told = mistake(classifier(), source=source)
    assert (
        told.code == "BSN532"
        and told.message.startswith("row 1: an image of 4×5 pixels")
        and "size" in (told.help or "")
    )


def test_masks_keep_their_numbers_also_when_resized_and_where_ignored(tmp_path: Path) -> None:
    masks = np.random.default_rng(0).integers(0, 3, (5, 4, 4), dtype=np.uint8)
    masks[:, 0, 0] = 9
    columns = {
        "image": as_on_the_hub([png(image) for image in pixels(5)]),
        "label": as_on_the_hub([png(mask) for mask in masks]),
    }
    for split in ("train", "test"):
        write_table(tmp_path / f"{split}-0.parquet", columns)
    config = {"source": Parquet(path=str(tmp_path)), "target": "mask"}
    data = load(segmenter(), **config, ignore=9)
    assert data.train.targets.dtype == torch.uint8 and np.array_equal(data.train.targets.numpy(), masks)
    larger = load(segmenter((3, 8, 8)), **config, ignore=9, size=(8, 8))
    assert np.array_equal(larger.test.targets.numpy(), masks.repeat(2, 1).repeat(2, 2))
    told = mistake(segmenter(), **config)
    assert told.code == "BSN532" and "label 9" in told.message and told.help is not None and "`ignore = 9`" in told.help
    for split in ("train", "test"):
        write_table(tmp_path / f"{split}-0.parquet", {"left": columns["image"], "right": columns["label"]})
    assert mistake(segmenter(), **config).code == "BSN533"


def test_numbers_side_by_side_and_lists_of_them(tmp_path: Path) -> None:
    columns = {"a": [0.5, 1.5, 2.5, 3.5], "b": [1, 2, 3, 4], "y": [1.0, -1.0, 2.0, 0.0]}
    lists = {"row": [[a, b] for a, b in zip(columns["a"], columns["b"], strict=True)], "y": columns["y"]}
    expected = [[a, b] for a, b in zip(columns["a"], columns["b"], strict=True)]
    found: list[Dataset] = []
    for name, table, keys in (("a", columns, {"input": ("a", "b"), "label": "y"}), ("b", lists, {})):
        write_table(tmp_path / name / "train.parquet", table)
        write_table(tmp_path / name / "test.parquet", table)
        source = Parquet(path=str(tmp_path / name))
        found.append(load(classifier((2,), 1), source=source, target="value", **keys))
    for data in found:
        assert data.train.inputs.tolist() == expected and data.train.inputs.dtype == torch.float32
        assert data.train.targets.tolist() == [[1.0], [-1.0], [2.0], [0.0]]


@pytest.mark.parametrize(
    ("columns", "config", "code", "says"),
    [
        ({}, {"input": "image"}, "BSN533", "there is no column `image`"),
        ({"more": [0, 1, 2] * 2}, {}, "BSN533", "which column is the label"),
        ({"label": ["a", "b"] * 3}, {"label": "img"}, "BSN533", "column `img` holds an image, but the label must be"),
        ({"label": [0, 1, 2, 0, 3, 1]}, {}, "BSN532", "row 4: label 3 in split `train`"),
        ({"label": [0, 1, None, 0, 2, 1]}, {}, "BSN532", "row 2: column `label` is empty"),
        ({"label": [0.5] * 6}, {}, "BSN533", "no column can be the label"),
        ({"img": [b"\x89PNG nothing"] * 6}, {}, "BSN532", "row 0: no image of a known format"),
        ({"img": [None] * 6}, {}, "BSN533", "no column can be"),
        ({"img": [[1.0, 2.0]] * 5 + [[1.0]]}, {}, "BSN532", "row 5: a list of 1 in column `img`"),
        ({"img": [[1.0, None]] * 6}, {}, "BSN532", "row 0: a list in column `img` has an empty place"),
        ({"img": [[1.0, float("nan")]] * 6}, {}, "BSN532", "row 0: an input of split `train` is not finite"),
        ({"img": [[1.0, 2.0]] * 6}, {}, "BSN501", "rows of shape [2]"),
        ({}, {"test": 0.1}, "BSN501", "leaves none for split `test`"),
        ({}, {"test": 0.6, "validation": 0.5}, "BSN501", "leave no examples to train on"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, columns, config, code: str, says: str) -> None:
    encoded = as_on_the_hub([png(image) for image in pixels(6)])
    write_table(tmp_path / "a.parquet", {"img": encoded, "label": [0, 1, 2] * 2} | columns)
    told = mistake(classifier(), source=Parquet(path=str(tmp_path / "a.parquet")), **config)
    assert told.code == code and says in told.message
    assert code == "BSN501" or (told.subject or "").endswith("a.parquet")


def test_a_truncated_image_is_told_by_file_and_row(tmp_path: Path) -> None:
    encoded = [png(image) for image in pixels(8, (32, 32))]
    encoded[5] = encoded[5][:200]
    for i in range(2):
        write_table(
            tmp_path / f"train-{i}.parquet", {"img": as_on_the_hub(encoded[4 * i :][:4]), "label": [0, 1, 2, 0]}
        )
    told = mistake(classifier((3, 32, 32)), source=Parquet(path=str(tmp_path)))
    assert told.code == "BSN532" and told.message.startswith("row 1: no readable image")
    assert (told.subject or "").endswith("train-1.parquet")


def test_files_that_are_none(tmp_path: Path) -> None:
    assert mistake(classifier(), source=Parquet(path=str(tmp_path / "nowhere"))).code == "BSN001"
    assert "no Parquet files of splits" in mistake(classifier(), source=Parquet(path=str(tmp_path))).message
    (tmp_path / "train-0.parquet").write_bytes(b"PAR1 and then nothing")
    assert "no readable Parquet file" in mistake(classifier(), source=Parquet(path=str(tmp_path))).message
    write_table(tmp_path / "train-0.parquet", {"img": pa.array([], pa.binary()), "label": pa.array([], pa.int64())})
    assert mistake(classifier(), source=Parquet(path=str(tmp_path))).message == "there are no rows"


def test_a_shard_without_a_column_is_told(shards) -> None:
    write_table(shards[0] / "test-0.parquet", {"picture": [b"x"], "label": [0]})
    told = mistake(classifier(), source=Parquet(path=str(shards[0])))
    assert (
        told.code == "BSN533" and (told.subject or "").endswith("test-0.parquet") and "`picture`" in (told.help or "")
    )


# ---- the hub ----


def test_the_hub_reads_a_directory_as_parquet_does(shards, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    of_hub = load(classifier(), source=Hub(path=str(shards[0])), input="img")
    of_files = load(classifier(), source=Parquet(path=str(shards[0])))
    for one, other in ((of_hub.train, of_files.train), (of_hub.test, of_files.test)):
        assert torch.equal(one.inputs, other.inputs) and torch.equal(one.targets, other.targets)
    assert of_hub.class_names == CLASSES and of_hub.sizes == of_files.sizes


def test_the_hub_is_asked_for_configuration_and_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"x": datasets.Sequence(datasets.Value("float32")), "y": datasets.ClassLabel(names=["n", "p"])}
    )
    split = datasets.Dataset.from_dict({"x": [[0.0, i] for i in range(10)], "y": [0, 1] * 5}, features)
    asked: list[object] = []

    def load_dataset(path: str, **options: object) -> object:
        asked.append((path, options))
        return datasets.DatasetDict({"train": split, "test": split, "unsupervised": split})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    data = load(classifier((2,), 2), source=Hub(path="me/mine", config="small", revision="v1"))
    assert asked == [("me/mine", {"name": "small", "revision": "v1"})]
    assert data.sizes == {"train": 10, "validation": 0, "test": 10} and data.class_names == ("n", "p")
    assert data.train.inputs[3].tolist() == [0.0, 3.0]


def test_a_hub_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*_: object, **__: object) -> object:
        raise ConnectionError("Couldn't reach me/mine on the Hub\nand much more")

    fake = SimpleNamespace(load_dataset=load_dataset, disable_progress_bars=lambda: None)
    monkeypatch.setitem(sys.modules, "datasets", fake)
    told = mistake(classifier(), source=Hub(path="me/mine"))
    assert (told.code, told.subject, told.exit_status) == ("BSN534", "me/mine", 2)
    assert told.message.endswith("ConnectionError: Couldn't reach me/mine on the Hub")


@pytest.mark.parametrize(("package", "source"), [("datasets", Hub), ("pyarrow", Parquet), ("PIL.Image", Parquet)])
def test_packages_that_are_not_there_are_told(package: str, source, monkeypatch, tmp_path: Path) -> None:
    write_images(tmp_path / "train.parquet")
    monkeypatch.setitem(sys.modules, package, None)
    told = mistake(classifier(), source=source(path=str(tmp_path)))
    assert (told.code, told.help) == ("BSN531", "pip install 'bsnc[data]'")


# ---- real data ----


def test_cifar10_as_on_the_hub() -> None:
    data = load(classifier((3, 32, 32), 10), source=Parquet(path=str(real("cifar10"))), limit=2000, validation=0.1)
    assert data.sizes == {"train": 1800, "validation": 200, "test": 2000}
    assert data.class_names[:2] == ("airplane", "automobile") and data.train.inputs.dtype == torch.uint8
    assert torch.allclose(data.mean, torch.tensor([0.491, 0.482, 0.447]), atol=0.02)


def test_camvid_with_its_masks() -> None:
    config = {"source": Parquet(path=str(real("camvid"))), "target": "mask"}
    data = load(segmenter((3, 96, 128), 11), **config, ignore=11)
    assert data.sizes == {"train": 367, "validation": 101, "test": 233}
    assert set(data.train.targets.unique().tolist()) == set(range(12))
    small = load(segmenter((3, 48, 64), 11), **config, ignore=11, size=(48, 64), limit=20)
    assert small.train.inputs.shape == (20, 3, 48, 64) and small.train.targets.shape == (20, 48, 64)
