"""Benchmarks run: a short run of each prints its table and writes its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUICK = ["train.epochs=2", "train.fine_tune=1", "search.evaluations=20", "layers=2"]
RUNS = {
    "costs.py": ["--layers", "1", "--channels", "2", "--batch", "4", "--repeats", "1", "--evaluations", "1"],
    "growth.py": ["--edges=100", "--repeats=1", "--batches=2", "--channels=2", "--layers=2"],
    "kill.py": ["--kills", "1", "--a-run", "1", "--modes", "staged"],
    "latency.py": ["--spec", "nb201", "--architectures", "5", "--held-out", "4"],
    "inference.py": ["--networks", "cnf", "--layers=2", "--channels=4", "--share=.9", "--batches", "1", "--rounds=1"],
    "upsampling.py": ["--channels", "2", "--sizes", "2", "--network", "4", "--layers=2", "--share=.9", "--rounds=1"],
    "upsampling_in_training.py": ["--channels", "2", "--sizes", "2", "--rounds=1"],
    "search.py": ["--problems", "1", "--seeds", "1", "--evaluations", "20", "--table-evaluations", "20"],
    "digits.py": ["--seeds", "1", "--randoms", "1", "--budgets", "50%", *(f"--set={text}" for text in QUICK)],
    "loading.py": ["specs/digits.bsn", "--set=layers=2"],
    "steps.py": ["--networks", "cnf_4_16", "--regimes", "converged", "--rounds=1", "--warm=1"],
    "whole_search.py": [
        "--channels=2",
        "--seeds=1",
        "--budgets=flops=70% of max",
        *(f"--set={text}" for text in QUICK),
    ],
    "startup.py": ["--repeats", "1", "--", "--version"],
    "throughput.py": ["--device=cpu", "--size=small", "--networks=b_cnf", "--executions=scheduled", "--gates=fixed"],
    "rivals.py": ["--randoms", "1"],
    "cifar10.py": ["--seeds=1", "--budgets=50%", "--train=400", "--test=50", *(f"--set={text}" for text in QUICK)],
}
NOT_RUN = {"compare.py", "interleaved.py", "by_hand.py", "plain.py"}
"""What benchmarks have in common."""
CIFAR10 = ROOT.parent / "shared" / "data" / "cifar10"

pytestmark = pytest.mark.slow


def test_each_benchmark_is_run() -> None:
    assert {path.name for path in (ROOT / "benchmarks").glob("*.py")} == RUNS.keys() | NOT_RUN


@pytest.mark.parametrize("name", RUNS)
def test_a_short_run(name: str, tmp_path: Path, tiny_run: Path) -> None:
    written, data = tmp_path / "figures.json", []
    if name == "rivals.py":
        data = [str(tiny_run / "run")]
    if name == "cifar10.py":
        if not CIFAR10.exists():
            pytest.skip(f"no CIFAR-10 in {CIFAR10}")
        data = ["--data", str(CIFAR10)]
    command = [sys.executable, f"benchmarks/{name}", "--json", str(written), *RUNS[name], *data]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() and json.loads(written.read_text(encoding="utf-8"))
