"""An empty cache; model files and run directories, good and bad, for the goldens of `models/`, and data, mostly bad,
for those of `data/`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

Edit = Callable[["onnx.ModelProto"], None]  # noqa: F821


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache directory: no latency was measured before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def model_files(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `run/`, copies of it that are damaged, and models made from its `model.onnx`."""
    folder = tmp_path_factory.mktemp("models") / "files"
    shutil.copytree(tiny_run, folder)
    whole = (folder / "run" / "model.onnx").read_bytes()
    (folder / "truncated.onnx").write_bytes(whole[: len(whole) // 2])
    for name, edit in _EDITS.items():
        _edited(folder / "run" / "model.onnx", folder / f"{name}.onnx", edit)
    _hardmax_model(folder / "foreign.onnx")
    _damaged_runs(folder)
    _stopped_run(folder)
    _run_with_a_scratch(folder)
    return folder


@pytest.fixture(scope="session")
def data_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small data sets, in which something is wrong."""
    import numpy as np

    from tests.data.made import CLASSES, as_on_the_hub, pixels, png, write_folders, write_images, write_table

    folder = tmp_path_factory.mktemp("data") / "files"
    write_images(folder / "animals" / "train-00000-of-00001.parquet", 12)
    encoded = [png(image) for image in pixels(6)]
    labels = {"label": CLASSES}
    bad = {"img": as_on_the_hub(encoded), "label": [0, 1, 2, 0, 7, 1]}
    write_table(folder / "bad_label.parquet", bad, labels)
    write_table(folder / "damaged.parquet", bad | {"img": as_on_the_hub([*encoded[:3], b"GIF?", *encoded[:2]])}, labels)
    write_table(folder / "two_labels.parquet", bad | {"coarse": [0, 1] * 3, "label": [0, 1, 2] * 2})
    write_folders(folder / "photos", {"cat": 3})
    write_folders(folder / "photos", {"dog": 3, "owl": 3}, (4, 6))
    numbers = np.random.default_rng(0).normal(size=(2, 12, 3))
    numbers[..., 1] += 1e9
    classes = np.arange(12) % 3
    given = {"x": numbers[0], "y": classes, "x_test": numbers[1], "y_test": classes, "x_extra": numbers[1]}
    np.savez(folder / "suspect.npz", **given)
    return folder


@pytest.fixture
def packages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For cases that say so in their name, a package is not installed, `datasets` cannot reach the hub, there is memory
    for 20 examples only, or another process has locked the directory."""
    name = request.node.name
    if "in_use" in name:

        def flock(*_: object) -> None:
            raise BlockingIOError

        monkeypatch.setattr("fcntl.flock", flock)
    if "without_tensorboard" in name:
        monkeypatch.setitem(sys.modules, "tensorboard", None)
    if "without_datasets" in name:
        monkeypatch.setitem(sys.modules, "datasets", None)
    if "out_of_memory" in name:
        from bsnc.data import Classification

        monkeypatch.setattr(Classification, "losses", _losses_of_few(Classification.losses))
    if "hub_not_reached" in name:

        def load_dataset(*_: object, **__: object) -> None:
            raise ConnectionError("Couldn't reach 'uoft-cs/cifar10' on the Hub (OfflineModeIsEnabled)")

        fake = SimpleNamespace(load_dataset=load_dataset, disable_progress_bars=lambda: None)
        monkeypatch.setitem(sys.modules, "datasets", fake)


def _losses_of_few(losses):
    """A loss that fails as torch does on a CPU."""

    def limited(task, outputs, *others):
        if len(outputs) > 20:
            raise RuntimeError(
                f"[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried "
                f"to allocate {len(outputs) * 2**40} bytes. Error code 12 (Cannot allocate memory)"
            )
        return losses(task, outputs, *others)

    return limited


def _edited(source: Path, target: Path, edit: Edit) -> None:
    import onnx

    model = onnx.load(source)
    edit(model)
    onnx.save(model, target)


def _drop_metadata(model) -> None:
    del model.metadata_props[:]


def _replace_relu(model) -> None:
    next(node for node in model.graph.node if node.op_type == "Relu").op_type = "Tanh"


def _double_convolution(model) -> None:
    """Two convolutions where the architecture has one: more multiply-adds than the metadata admits."""
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    again = type(conv)()
    again.CopyFrom(conv)
    again.name, again.output[0] = "again", "unused"
    model.graph.node.insert(1, again)


def _metadata(model):
    return next(entry for entry in model.metadata_props if entry.key == "bsnc")


def _cut_metadata(model) -> None:
    entry = _metadata(model)
    entry.value = entry.value[:50]


def _claiming(change: Callable[[dict[str, Any]], None]) -> Edit:
    def edit(model) -> None:
        entry = _metadata(model)
        claims = json.loads(entry.value)
        change(claims)
        entry.value = json.dumps(claims)

    return edit


def _swap_labels(claims: dict[str, Any]) -> None:
    """Somebody who deploys it would take ones for zeros, and normalise inputs in another way."""
    claims["class_names"][:2] = claims["class_names"][1::-1]
    claims["std"] = [2 * value for value in claims["std"]]


TIGHTER = {"flops": 2500.0, "memory": 9523.2, "latency(threads = 2)": 0.00125}
"""As of a run with `--budget` for them."""

_EDITS: dict[str, Edit] = {
    "no_metadata": _drop_metadata,
    "tanh": _replace_relu,
    "double": _double_convolution,
    "unknown_edge": _claiming(lambda claims: claims.update(live=["image->nowhere"])),
    "other_labels": _claiming(_swap_labels),
    "cut_metadata": _cut_metadata,
    "tighter_bounds": _claiming(lambda claims: claims.update(bounds=TIGHTER)),
}


def _hardmax_model(path: Path) -> None:
    """A well-formed model that bsnc never wrote, with an operator that it cannot count."""
    import onnx
    from onnx import TensorProto, helper

    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 4])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 4])
    node = helper.make_node("Hardmax", ["image"], ["logits"])
    graph = helper.make_graph([node], "foreign", [image], [logits])
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)


def _damaged_runs(folder: Path) -> None:
    (folder / "empty_run").mkdir()
    for name in ("other_version", "cut_weights"):
        shutil.copytree(folder / "run", folder / name)
    ir = folder / "other_version" / "ir.json"
    ir.write_text(ir.read_text(encoding="utf-8").replace('"version": 2', '"version": 99', 1), encoding="utf-8")
    weights = folder / "cut_weights" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])


def _stopped_run(folder: Path) -> None:
    """It began with another numpy; its checkpoint was cut."""
    run = folder / "stopped"
    shutil.copytree(folder / "run", run)
    (run / "summary.json").unlink()
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    config["versions"]["numpy"] = "1.0"
    (run / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "search.safetensors").write_bytes(b"half")


def _run_with_a_scratch(folder: Path) -> None:
    """Half of its rows of metrics are not text."""
    run = folder / "scratched"
    shutil.copytree(folder / "run", run)
    (run / "summary.json").unlink()
    rows = (run / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    (run / "metrics.jsonl").write_bytes(b"\377\0\376\n" + b"".join(rows[1:]))
