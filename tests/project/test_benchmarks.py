"""Benchmarks run: a short run of each prints its table and writes its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUICK = ["train.epochs=2", "train.fine_tune=1", "search.warmup=1", "layers=2"]
RUNS = {
    "check.py": ["--repeats", "1"],
    "costs.py": ["--layers", "1", "--channels", "2", "--batch", "4", "--repeats", "1", "--evaluations", "1"],
    "latency.py": ["--spec", "nb201", "--architectures", "5", "--held-out", "4"],
    "digits.py": ["--seeds", "1", "--randoms", "1", "--budget", "50% of max", *(f"--set={text}" for text in QUICK)],
}

pytestmark = pytest.mark.slow


def test_each_benchmark_is_run() -> None:
    assert {path.name for path in (ROOT / "benchmarks").glob("*.py")} == RUNS.keys()


@pytest.mark.parametrize("name", RUNS)
def test_a_short_run(name: str, tmp_path: Path) -> None:
    written = tmp_path / "figures.json"
    command = [sys.executable, f"benchmarks/{name}", "--json", str(written), *RUNS[name]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() and json.loads(written.read_text(encoding="utf-8"))
