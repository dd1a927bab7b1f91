"""Folders of images, files of arrays, functions of one's own; splits that a source does not have."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bsnc.data import Dataset, Split
from bsnc.data.assemble import statistics
from bsnc.data.split import held_rows
from bsnc.ir import DataConfig, Digits, ExternData, Hub, ImageFolder, Npz, Parquet
from tests.data.made import classifier, load, mistake, pixels, segmenter, write_folders

# ---- folders ----


def test_folders_with_splits_of_their_own(tmp_path: Path) -> None:
    for split, count in (("train", 4), ("val", 1), ("test", 2)):
        write_folders(tmp_path / split, {"owl": count, "cat": count, "dog": count})
    data = load(classifier(), source=ImageFolder(path=str(tmp_path)))
    assert data.class_names == ("cat", "dog", "owl")
    assert data.sizes == {"train": 12, "validation": 3, "test": 6}
    assert data.train.targets.tolist() == [0, 1, 2] * 4
    assert torch.equal(data.train.inputs[0], torch.from_numpy(pixels(1, seed=3)[0].transpose(2, 0, 1)))


def test_one_tree_is_split_within_each_class(tmp_path: Path) -> None:
    write_folders(tmp_path, {"a": 10, "bb": 20, "ccc": 30})
    (tmp_path / "a" / "notes.txt").write_text("not an image")
    data = load(classifier(), source=ImageFolder(path=str(tmp_path)), test=0.3, validation=0.2)
    assert data.validation is not None
    for split, expected in ((data.train, [5, 10, 15]), (data.validation, [2, 4, 6]), (data.test, [3, 6, 9])):
        assert torch.bincount(split.targets).tolist() == expected


def test_the_first_rows_of_folders_have_every_class(tmp_path: Path) -> None:
    write_folders(tmp_path, {"a": 10, "bb": 20, "ccc": 30})
    data = load(classifier(), source=ImageFolder(path=str(tmp_path)), limit=15, test=0.2)
    assert torch.bincount(data.train.targets).tolist() == [4, 4, 4]


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    source = ImageFolder(path=str(tmp_path))
    assert "no folders of classes" in mistake(classifier(), source=source).message
    (tmp_path / "a").mkdir()
    assert "no images" in mistake(classifier(), source=source).message
    write_folders(tmp_path, {"b": 5, "c": 5})
    (tmp_path / "b" / "002.png").write_bytes(b"nothing")
    damaged = mistake(classifier(), source=source)
    assert damaged.code == "BSN532" and (damaged.subject or "").endswith("b/002.png") and "row" not in damaged.message
    assert mistake(classifier(), source=ImageFolder(path=str(tmp_path / "nowhere"))).code == "BSN001"
    assert "asks for others" in mistake(segmenter(), source=source, target="mask").message


def test_a_folder_of_an_unknown_class_is_told(tmp_path: Path) -> None:
    write_folders(tmp_path / "train", {"a": 5, "bb": 5, "ccc": 5})
    write_folders(tmp_path / "test", {"a": 5, "dddd": 5})
    told = mistake(classifier(), source=ImageFolder(path=str(tmp_path)))
    assert told.code == "BSN501" and (told.subject or "").endswith("test/dddd")


# ---- arrays ----


def write_npz(path: Path, **arrays: np.ndarray) -> Npz:
    np.savez(path, **arrays)
    return Npz(path=str(path))


def test_arrays_of_images_channels_last_or_without_channels(tmp_path: Path) -> None:
    images, labels = pixels(9), np.arange(9) % 3
    last = load(
        classifier(), source=write_npz(tmp_path / "a.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    )
    assert last.train.inputs.dtype == torch.uint8
    assert np.array_equal(last.train.inputs.numpy(), images.transpose(0, 3, 1, 2))
    grey = images[..., 0]
    one = load(classifier((1, 4, 4)), source=write_npz(tmp_path / "b.npz", x=grey, y=labels[:, None]), test=0.4)
    assert one.train.inputs.shape == (6, 1, 4, 4) and one.class_names == ("0", "1", "2")


def test_arrays_of_numbers_with_a_split_for_validation_and_names(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(8, 5)), np.array(list("npnpnpnp"))
    arrays = {f"{a}_{s}": v for s in ("train", "val", "test") for a, v in (("x", x), ("y", y))}
    data = load(classifier((5,), 2), source=write_npz(tmp_path / "a.npz", **arrays))
    assert data.sizes == {"train": 8, "validation": 8, "test": 8} and data.class_names == ("n", "p")
    assert data.train.inputs.dtype == torch.float32 and data.train.targets.tolist() == [0, 1] * 4
    named = load(
        classifier((5,), 2),
        source=write_npz(tmp_path / "b.npz", x=x, y=np.array([0, 1] * 4), class_names=np.array(["no", "yes"])),
        test=0.5,
    )
    assert named.class_names == ("no", "yes")


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x": pixels(6)}, "there is no array `y`"),
        ({"X": pixels(6), "y": np.zeros(6)}, "there is no array `x`"),
        ({"x": pixels(6), "y": np.zeros(5)}, "not one label an example"),
        ({"x": pixels(0), "y": np.zeros(0)}, "`x` has no rows"),
        ({"x": pixels(6), "y": np.array([0, 1, 2, 0, 1, 1.5])}, "row 5: a label that is no class number"),
        ({"x": pixels(6), "y": np.array([0, 1, 2, 0, 1, -1])}, "row 5: label -1 in split `train`"),
        ({"x": pixels(6), "y": np.zeros((6, 3))}, "labels must be one class number for each example"),
        ({"x": np.full((6, 3, 4, 4), np.inf), "y": np.zeros(6)}, "row 0: an input of split `train` is not finite"),
        ({"x": np.array(["a"] * 6), "y": np.zeros(6)}, "and must be numbers"),
        ({"x": pixels(6, (5, 5)), "y": np.zeros(6)}, "images of shape [5, 5, 3]"),
        ({"x": np.array([{}] * 6), "y": np.zeros(6)}, "would have to be unpickled"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path: Path, arrays, says: str) -> None:
    assert says in mistake(classifier(), source=write_npz(tmp_path / "a.npz", **arrays)).message


def test_files_that_are_no_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    assert mistake(classifier(), source=Npz(path=str(path))).code == "BSN001"
    ran = tmp_path / "ran"
    for content in (b"", b"PK\x03\x04 damaged", pickle.dumps([1, 2]), f"cos\nmkdir\n(S'{ran}'\ntR.".encode()):
        path.write_bytes(content)
        assert mistake(classifier(), source=Npz(path=str(path))).code == "BSN501"
    assert not ran.exists()
    with path.open("wb") as file:
        np.save(file, pixels(6))
    assert "one array alone" in mistake(classifier(), source=Npz(path=str(path))).message


# ---- functions of one's own ----


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module with functions that return arrays, or not."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_readers", raising=False)
    (tmp_path / "own_readers.py").write_text(
        "import numpy as np, torch\n"
        "def ramps(count, steps=4):\n"
        "    x = torch.arange(count * steps).float().reshape(count, steps)\n"
        "    y = [i % 2 for i in range(count)]\n"
        "    return {'x_train': x, 'y_train': np.array(y), 'x_test': x, 'y_test': y}\n"
        "def fails(): raise OSError('no disk')\n"
        "def lists(): return [1, 2]\n"
        "def ragged(): return {'x': [[1], [1, 2]], 'y': [0, 1]}\n"
    )
    return "own_readers"


def test_a_function_returns_arrays_by_name(own: str) -> None:
    data = load(classifier((4,), 2), source=ExternData(function=f"{own}:ramps", arguments={"count": 6}))
    assert data.sizes == {"train": 6, "validation": 0, "test": 6} and data.train.inputs[1].tolist() == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ramps", "TypeError"),
        ("fails", "it fails: OSError: no disk"),
        ("lists", "it returns an object of type list"),
        ("ragged", "`x` is no array"),
        ("nothing", "AttributeError"),
    ],
)
def test_functions_that_do_not_work(own: str, name: str, says: str) -> None:
    told = mistake(classifier(), source=ExternData(function=f"{own}:{name}"))
    assert told.code == "BSN218" and says in told.message and told.subject == f'extern "own_readers:{name}"'


# ---- keys, splits, statistics ----


def test_keys_without_use_for_a_source_are_told() -> None:
    assert "`size` is for encoded images" in mistake(classifier((1, 8, 8), 10), source=Digits(), size=(4, 4)).message
    assert "name columns" in mistake(classifier((1, 8, 8), 10), source=Digits(), input="x").message


def test_digits_have_a_split_for_validation_when_asked() -> None:
    graph = classifier((1, 8, 8), 10)
    plain, data = load(graph), load(graph, validation=0.1)
    assert data.sizes == {"train": 1213, "validation": 134, "test": 450} and plain.sizes["validation"] == 0
    assert torch.equal(plain.test.inputs, data.test.inputs)
    assert data.validation is not None and torch.bincount(data.validation.targets).min() >= 13


def test_other_seeds_split_otherwise_and_the_seed_of_torch_does_not_matter(tmp_path: Path) -> None:
    source = write_npz(tmp_path / "a.npz", x=np.arange(60.0)[:, None], y=np.arange(60) % 3)

    def test_rows(seed: int) -> list[float]:
        torch.manual_seed(seed)
        return load(classifier((1,)), source=source, split_seed=seed // 2).test.inputs[:, 0].tolist()

    assert test_rows(0) == test_rows(1) != test_rows(2)


@pytest.mark.parametrize("seed", range(40))
def test_each_class_gives_its_share_within_one_example(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = torch.from_numpy(rng.integers(0, 5, rng.integers(1, 200)))
    share = float(rng.uniform(0.01, 0.99))
    rows = held_rows(len(classes), classes, share, seed)
    assert len(rows) == int(len(classes) * share + 1e-9) and len(rows.unique()) == len(rows)
    whole, held = (torch.bincount(c, minlength=5) for c in (classes, classes[rows]))
    assert ((held - whole * share).abs() <= 1 + 1e-6).all()


def test_channels_that_are_constant_do_not_divide_by_zero(tmp_path: Path) -> None:
    for images in (torch.full((5, 2, 3, 3), 0.1), torch.full((5, 2, 3, 3), 200, dtype=torch.uint8), torch.rand(1, 2)):
        mean, std = statistics(Split(images, torch.zeros(len(images))))
        assert torch.isfinite(mean).all() and std.tolist() == [1, 1]


def test_paths_are_relative_to_the_spec() -> None:
    spec = Path("/specs")
    for source in (Parquet(path="../d"), Npz(path="../d"), ImageFolder(path="/d"), Hub(path="../d")):
        assert DataConfig(source=source).below(spec).source.path == "/d"
    for kept in (Hub(path="me/mine"), Digits(), ExternData(function="a:b")):
        assert DataConfig(source=kept).below(spec).source == kept


def test_bytes_and_numbers_are_normalised_alike() -> None:
    images = torch.from_numpy(pixels(20).transpose(0, 3, 1, 2).copy())
    mean, std = statistics(Split(images, torch.zeros(len(images))))
    split = None
    data = Dataset(split, split, (), mean, std)  # type: ignore[arg-type]
    assert torch.allclose(data.normalise(images), data.normalise(images.float() / 255))
