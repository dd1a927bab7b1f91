"""Data of one's own from spec to model: paths beside the spec, class names in the model, code only where allowed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.conftest import Bsnc
from tests.data.made import write_images

SPEC = """network tiny() {
  input  image:  float[3, 4, 4]
  output logits: float[3]
  node h = sum | relu
  edge image -> h : conv(2, 3) | batch_norm
  edge image -> h : conv(2, 1)
  fixed edge h -> logits : flatten | linear(3)
}
budget flops <= 99% of max
search { evaluations = 3 }
train  { epochs = 1  fine_tune = 1  batch_size = 8 }
"""


def trained(bsnc: Bsnc, folder: Path, source: str, elsewhere: Path, *options: str) -> tuple[Path, dict[str, object]]:
    """A run, begun in another directory than that of the spec."""
    (folder / "tiny.bsn").write_text(f"{SPEC}data {{ {source} }}\n")
    run = elsewhere / "run"
    done = bsnc("train", folder / "tiny.bsn", "-o", run, "--json", *options, cwd=elsewhere)
    assert done.exit == 0, done.stderr
    return run, json.loads(done.stdout)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    return tmp_path / "elsewhere"


def test_a_run_finds_its_data_from_everywhere(bsnc: Bsnc, tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "specs").mkdir()
    for split, count in (("train", 40), ("test", 12)):
        write_images(tmp_path / "animals" / f"{split}-0.parquet", count, seed=count)
    source = 'source = parquet("../animals")  validation = 10%  augment = [flip, crop(1)]'
    run, said = trained(bsnc, tmp_path / "specs", source, elsewhere)
    sizes = {"train": 36, "validation": 4, "test": 12}
    assert said["data"] == sizes == json.loads((run / "summary.json").read_text())["data"]
    config = json.loads((run / "config.json").read_text())
    assert config["examples"] == sizes
    assert config["data"]["source"]["path"] == str(tmp_path / "animals") and config["data"]["split_seed"] == 0
    (entry,) = [e.value for e in onnx.load(run / "model.onnx").metadata_props if e.key == "bsnc"]
    assert json.loads(entry)["class_names"] == ["cat", "dog", "owl"]

    deep = elsewhere / "deep"
    exported = bsnc("export", "../run", "-o", "again.onnx", cwd=deep)
    assert exported.exit == 0, exported.stderr
    verified = bsnc("verify", "again.onnx", tmp_path / "specs" / "tiny.bsn", cwd=deep)
    assert (verified.exit, verified.stderr) == (0, "") and "over 12 examples" in verified.stdout
    told = bsnc("verify", "again.onnx", run / "spec.bsn", cwd=deep)
    assert told.exit == 0 and "BSN518" in told.stderr and "over 64 examples" in told.stdout

    shutil.rmtree(tmp_path / "animals")
    gone = bsnc("export", run, "-o", "third.onnx", cwd=deep)
    assert gone.exit == 2 and "BSN001" in gone.stderr and not (deep / "third.onnx").exists()


def test_data_of_ones_own_run_only_where_allowed(bsnc: Bsnc, tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "readers_for_run.py").write_text(
        "import numpy as np\n"
        "print('reading')\n"
        "def noise(count):\n"
        "    x = np.random.default_rng(0).random((count, 3, 4, 4))\n"
        "    return {'x': x, 'y': np.arange(count) % 3, 'class_names': ['a', 'b', 'c']}\n"
    )
    source = 'source = extern "readers_for_run:noise"(count = 40)'
    run, said = trained(bsnc, tmp_path, source, elsewhere, "--allow-extern")
    assert said["data"] == {"train": 32, "validation": 0, "test": 8}
    for command in (
        ("export", run),
        ("train", tmp_path / "tiny.bsn"),
        ("verify", run / "model.onnx", tmp_path / "tiny.bsn"),
    ):
        refused = bsnc(*command, cwd=elsewhere)
        assert refused.exit == 1 and "BSN217" in refused.stderr, refused.stderr
    verified = bsnc("verify", run / "model.onnx", tmp_path / "tiny.bsn", "--allow-extern", cwd=elsewhere)
    assert verified.exit == 0 and "over 8 examples" in verified.stdout


def test_arrays_in_a_file_are_trained_on(bsnc: Bsnc, tmp_path: Path, elsewhere: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3), dtype=np.uint8)
    np.savez(tmp_path / "all.npz", x=images, y=np.arange(40) % 3)
    _, said = trained(bsnc, tmp_path, 'source = npz("all.npz")  test = 25%  limit = 32', elsewhere)
    assert said["data"] == {"train": 24, "validation": 0, "test": 8}
