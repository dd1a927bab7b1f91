"""An empty cache; model files and run directories, good and bad, for the goldens of `models/`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

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
    return folder


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


def _rename_edge(model) -> None:
    entry = next(entry for entry in model.metadata_props if entry.key == "bsnc")
    claims = json.loads(entry.value)
    claims["live"] = ["image->nowhere"]
    entry.value = json.dumps(claims)


def _swap_labels(model) -> None:
    """Somebody who deploys it would take ones for zeros, and normalise inputs in another way."""
    entry = next(entry for entry in model.metadata_props if entry.key == "bsnc")
    claims = json.loads(entry.value)
    claims["class_names"][:2] = claims["class_names"][1::-1]
    claims["std"] = [2 * value for value in claims["std"]]
    entry.value = json.dumps(claims)


_EDITS: dict[str, Edit] = {
    "no_metadata": _drop_metadata,
    "tanh": _replace_relu,
    "double": _double_convolution,
    "unknown_edge": _rename_edge,
    "other_labels": _swap_labels,
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
