"""`examples/search_table.py`, as a user would run it, on a table that a formula fills."""

import csv
import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORTH = {"none": 0.0, "skip_connect": 2.0, "nor_conv_1x1": 5.0, "nor_conv_3x3": 7.0, "avg_pool_3x3": 1.0}


def table(path: Path, column: str = "Accuracy", leave_out: int = 0) -> dict[str, float]:
    """Writes one; architecture string → accuracy."""
    found: dict[str, float] = {}
    for a, b, c, d, e, f in product(WORTH, repeat=6):
        worth = sum(WORTH[op] * weight for op, weight in zip((a, b, c, d, e, f), (1.3, 1.1, 0.9, 1.0, 0.7, 1.2)))
        found[f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"] = round(50 + worth + 2 * (b == e) - 3 * (a == f), 4)
    rows = list(found.items())[leave_out:]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("ArchitectureString", column, "Other"), *((*row, 0) for row in rows)])
    return found


def run(path: Path, strategy: str = "policy_gradient", accuracy: str = "Accuracy") -> subprocess.CompletedProcess[str]:
    options = {"table": path, "accuracy": accuracy, "budget": "60M", "evaluations": 60, "strategy": strategy, "seed": 0}
    command = [sys.executable, "examples/search_table.py", *(f"--{name}={value}" for name, value in options.items())]
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": ""}
    return subprocess.run([*command, "--json"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    path = tmp_path_factory.mktemp("table") / "table.csv"
    return path, table(path)


@pytest.mark.parametrize("strategy", ["policy_gradient", "evolution", "random"])
def test_the_best_of_a_table_is_told_as_it_is_there(known: tuple[Path, dict[str, float]], strategy: str) -> None:
    path, accuracies = known
    done = run(path, strategy)
    assert done.returncode == 0 and not done.stderr, done.stderr
    found = json.loads(done.stdout)
    assert found.keys() == {"best", "evaluations"} and found["best"].keys() == {"accuracy", "flops", "architecture"}
    assert found["best"]["accuracy"] == accuracies[found["best"]["architecture"]] > 60
    assert 0 < found["best"]["flops"] <= 60e6 and 0 < found["evaluations"] <= 60
    if strategy == "policy_gradient":
        assert run(path, strategy).stdout == done.stdout


def test_a_table_that_will_not_do_is_refused_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    table(path, leave_out=3)
    incomplete, missing = run(path), run(path, accuracy="Loss")
    assert f"{path}: 3 of the 15625 architectures of the space are not in the table" in incomplete.stderr
    assert f"{path}: no column Loss; there are ArchitectureString, Accuracy, Other" in missing.stderr
    for refused in (incomplete, missing):
        assert refused.returncode == 1 and refused.stderr.count("\n") == 1 and not refused.stdout
