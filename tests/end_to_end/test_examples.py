"""The examples run, from spec to certified model: with shorter training than their READMEs show, and where they need
data that do not come along, only where these are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, Bsnc
from tests.data.made import real

EXAMPLES = REPOSITORY / "examples"

pytestmark = pytest.mark.slow


def trained(bsnc: Bsnc, spec: Path, run: Path, *options: str) -> dict[str, Any]:
    """What a run says of itself. One that ends is within its budgets; here also that each is told."""
    done = bsnc("train", spec, "-o", run, "--threads", "1", "--json", *options)
    assert done.exit == 0, done.stderr
    summary = json.loads(done.stdout)
    assert all(budget["met"] for budget in summary["budgets"])
    return summary


def settings(*texts: str) -> list[str]:
    return [f"--set={text}" for text in texts]


def test_own_data(bsnc: Bsnc, tmp_path: Path) -> None:
    """Images in folders, a module and a cost in Python."""
    folder = shutil.copytree(EXAMPLES / "own_data", tmp_path / "own_data", ignore=shutil.ignore_patterns("photos"))
    subprocess.run([sys.executable, folder / "make_photos.py"], check=True, capture_output=True)
    spec = folder / "photos.bsn"
    refused = bsnc("check", spec)
    assert refused.exit == 1 and refused.stderr.count("BSN217") == 2
    assert bsnc("check", spec, "--allow-extern").exit == 0

    short = settings("train.epochs=3", "train.fine_tune=5", "search.evaluations=20")
    summary = trained(bsnc, spec, folder / "run", "--allow-extern", *short)
    assert summary["data"] == {"train": 180, "validation": 0, "test": 60}
    assert [(b["cost"], b["told"]) for b in summary["budgets"]] == [
        ("flops", "recounted"),
        ('extern "photo_costs:energy"', "called"),
    ]
    assert summary["test"]["accuracy"] > 0.5
    verified = bsnc("verify", folder / "run" / "model.onnx", spec, "--allow-extern")
    assert verified.exit == 0 and "over 60 examples" in verified.stdout, verified.stderr


def test_segmentation(bsnc: Bsnc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks under budgets of memory, latency and steps. The network is small, and few architectures are timed; that of
    the budgets which is on latency is one that a busy machine meets."""
    data = real("camvid")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # nothing was measured
    spec = EXAMPLES / "segmentation" / "camvid.bsn"
    options = settings(
        *("layers=2", "channels=4", "scales=2", "data.limit=24", f'data.source=parquet("{data}")'),
        *("train.epochs=2", "train.fine_tune=1", "search.evaluations=10"),
    )
    for budget in ("memory=679kB", "latency=500ms", "steps(cores = 4)=9"):
        options += ["--budget", budget]
    profiled = bsnc("profile", spec, *options, "--architectures", "4", "--held-out", "0")
    assert profiled.exit == 0, profiled.stderr
    summary = trained(bsnc, spec, tmp_path / "run", *options)
    assert summary["data"] == {"train": 24, "validation": 24, "test": 24}
    assert [b["told"] for b in summary["budgets"]] == ["recounted", "measured", "recounted"]
    assert 0 < summary["test"]["mean_iou"] < summary["test"]["pixel_accuracy"] < 1


def test_cifar10_on_a_cpu(bsnc: Bsnc, tmp_path: Path) -> None:
    data = real("cifar10")
    options = settings(
        *("layers=2", "channels=4", "data.limit=400", f'data.source=parquet("{data}")'),
        *("train.epochs=2", "train.fine_tune=2", "search.evaluations=20"),
    )
    summary = trained(bsnc, EXAMPLES / "cifar10_cpu" / "cifar10.bsn", tmp_path / "run", *options)
    assert summary["data"] == {"train": 400, "validation": 0, "test": 400}
    (budget,) = summary["budgets"]
    assert budget["cost"] == "flops" and budget["told"] == "recounted"
    assert summary["test"]["accuracy"] > 0.1


@pytest.mark.parametrize("folder", ["own_data", "segmentation", "cifar10_cpu"])
def test_an_example_names_only_files_that_are_there(folder: str) -> None:
    """In links and in the commands that its README shows."""
    readme = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    links = [EXAMPLES / folder / link for link in re.findall(r"\]\(([^)#:]+)", readme)]
    files = [REPOSITORY / name for name in re.findall(r"(?:examples|benchmarks|specs)/[\w/]+\.\w+", readme)]
    assert links and [path for path in links + files if not path.exists()] == []
