"""`examples/search_table.py`, as a user would run it, on a table that a formula fills."""

import csv
import json
import runpy
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORTH = {"none": 0.0, "skip_connect": 2.0, "nor_conv_1x1": 5.0, "nor_conv_3x3": 7.0, "avg_pool_3x3": 1.0}


def table(path: Path) -> dict[str, float]:
    """Writes one; architecture string → accuracy."""
    found: dict[str, float] = {}
    for ops in product(WORTH, repeat=6):
        a, b, c, d, e, f = ops
        worth = sum(WORTH[op] * weight for op, weight in zip(ops, (1.3, 1.1, 0.9, 1.0, 0.7, 1.2), strict=True))
        found[f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"] = round(50 + worth + 2 * (b == e) - 3 * (a == f), 4)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("ArchitectureString", "Accuracy", "Other"), *((*row, 0) for row in found.items())])
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


@pytest.fixture
def lines(known: tuple[Path, dict[str, float]]) -> list[str]:
    return known[0].read_text(encoding="utf-8").splitlines()


def test_a_table_without_a_row_or_a_column_is_refused_in_a_line(lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines[:-3]), encoding="utf-8")
    incomplete, missing = run(path), run(path, accuracy="Loss")
    assert incomplete.stderr == f"{path}: 3 of the 15625 architectures of the space are not in the table\n"
    assert missing.stderr == f"{path}: no column Loss; there are ArchitectureString, Accuracy, Other\n"
    assert incomplete.returncode == missing.returncode == 1 and not incomplete.stdout + missing.stdout


@pytest.mark.parametrize("number", ["nan", "inf", "", "good"])
def test_so_is_one_with_what_is_no_number_and_one_that_is_not_there(lines: list[str], tmp_path: Path, number) -> None:
    read_table, path = runpy.run_path(str(ROOT / "examples" / "search_table.py"))["read_table"], tmp_path / "table.csv"
    with pytest.raises(SystemExit, match="No such file"):
        read_table(path, "Accuracy")
    path.write_text("\n".join([lines[0], lines[1].replace(",", f",{number},"), *lines[2:]]), encoding="utf-8")
    with pytest.raises(SystemExit, match=f"line 2: '{number}' is no accuracy"):
        read_table(path, "Accuracy")


@pytest.mark.parametrize(
    ("row", "said"), [("{},12.5,0", "has another accuracy above"), ('"', "field larger than field limit")]
)
def test_so_is_one_with_two_accuracies_of_an_architecture_or_an_open_quote(
    lines: list[str], tmp_path: Path, row: str, said: str
) -> None:
    read_table, path = runpy.run_path(str(ROOT / "examples" / "search_table.py"))["read_table"], tmp_path / "table.csv"
    again = row.format(lines[9].split(",")[0])
    path.write_text("\n".join([*lines[:99], again, *lines[99:]]), encoding="utf-8")
    with pytest.raises(SystemExit, match=said):
        read_table(path, "Accuracy")


def test_a_table_may_begin_with_a_byte_order_mark(lines: list[str], tmp_path: Path) -> None:
    read_table, path = runpy.run_path(str(ROOT / "examples" / "search_table.py"))["read_table"], tmp_path / "table.csv"
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    assert len(read_table(path, "Accuracy")) == 5**6
