"""`--json`: the shapes that other programs rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

GOOD = """network net(channels: int = 4) {
  input  image:  float[1, 8, 8]
  output logits: float[10]
  node h = sum | relu
  fixed edge image -> h : conv(channels, 3)
  edge h -> logits : global_avg_pool | flatten | linear(10)
  edge h -> logits : flatten | linear(10)
}
budget flops <= 3k
budget params <= 50% of max
"""
BAD = "network net() {\n  input image: float[1, 8, 8]\n  output logits: float[10]\n  edge image -> logits : nope\n}\n"
CONV = 8 * 8 * 9 * 4
POOLED, FLAT = 4 * 10, 4 * 64 * 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.bsn").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.bsn").write_text(BAD, encoding="utf-8")
    return tmp_path


def loaded(run, status: int = 0) -> Any:
    assert run.exit == status, run.stderr
    return json.loads(run.stdout)


def test_check(bsnc, folder: Path) -> None:
    found = loaded(bsnc("check", "good.bsn", "bad.bsn", "missing.bsn", "--json", cwd=folder), status=2)
    assert found == [
        {
            "code": "BSN203",
            "severity": "error",
            "file": "bad.bsn",
            "line": 4,
            "column": 26,
            "end_line": 4,
            "end_column": 30,
            "message": "no op named `nope`",
            "help": "docs/ops.md lists every op",
        },
        {
            "code": "BSN001",
            "severity": "error",
            "file": "missing.bsn",
            "line": None,
            "column": None,
            "end_line": None,
            "end_column": None,
            "message": "cannot read the file: no such file or directory",
            "help": None,
        },
    ]


def test_check_without_mistakes_is_an_empty_list(bsnc, folder: Path) -> None:
    for option in (("--json",), ("--format", "json")):
        run = bsnc("check", "good.bsn", *option, cwd=folder)
        assert (loaded(run), run.stderr) == ([], "")


def test_compile(bsnc, folder: Path) -> None:
    found = loaded(bsnc("compile", "good.bsn", "--json", cwd=folder))
    assert (found["name"], found["nodes"], found["edges"], found["gates"]) == ("net", 3, 3, 2)
    assert list(found["costs"]) == ["flops", "flops(count = veniat2018)", "params", "weights", "memory"]
    flops = found["costs"]["flops"]
    assert (flops["min"], flops["max"]) == (CONV + POOLED, CONV + POOLED + FLAT)
    assert all((c["lowest"], c["highest"]) == (c["min"], c["max"]) for c in found["costs"].values())
    p = 0.95
    consistent = 1 - (1 - p) ** 2
    assert flops["expected"] == pytest.approx(p * (POOLED + FLAT) + consistent * CONV)
    assert found["budgets"] == [
        {"cost": "flops", "bound": 3000, "feasible": True},
        {"cost": "params", "bound": found["costs"]["params"]["max"] / 2, "feasible": True},
    ]
    written = sorted(path.name for path in (folder / "build" / "good").iterdir())
    assert written == ["costs.json", "fx.py", "graph.svg", "ir.json"]


def test_the_expected_cost_is_that_at_the_gates_own_probabilities(bsnc, folder: Path) -> None:
    spec = GOOD.replace("  node h", "  gate g = 25%\n  node h").replace("linear(10)\n}", "linear(10) @ g\n}")
    (folder / "own.bsn").write_text(spec, encoding="utf-8")
    flops = loaded(bsnc("compile", "own.bsn", "--json", cwd=folder))["costs"]["flops"]
    pooled, flat = 0.95, 0.25
    consistent = 1 - (1 - pooled) * (1 - flat)
    assert flops["expected"] == pytest.approx(pooled * POOLED + flat * FLAT + consistent * CONV)


def test_compile_of_an_infeasible_budget(bsnc, folder: Path) -> None:
    found = loaded(bsnc("compile", "good.bsn", "--budget", "flops=1k", "--json", cwd=folder), status=1)
    assert found["budgets"][0] == {"cost": "flops", "bound": 1000, "feasible": False}


def test_cost_of_masks(bsnc, folder: Path) -> None:
    masks = [{}, {"h->logits": 0}, {"h->logits#1": 0, "image->h": 1}, {"h->logits": 0, "h->logits#1": 0}]
    (folder / "masks.json").write_text(json.dumps(masks), encoding="utf-8")
    found = loaded(bsnc("cost", "good.bsn", "--masks", "masks.json", "--json", cwd=folder))
    assert [entry["consistent"] for entry in found] == [True, True, True, False]
    assert [entry["live"] for entry in found] == [
        ["image->h", "h->logits", "h->logits#1"],
        ["image->h", "h->logits#1"],
        ["image->h", "h->logits"],
        [],
    ]
    assert [entry["costs"]["flops"] for entry in found] == [CONV + POOLED + FLAT, CONV + FLAT, CONV + POOLED, 0]
    assert list(found[0]["costs"]) == ["flops", "flops(count = veniat2018)", "params", "weights", "memory"]


def test_cost_without_masks_is_that_of_the_whole(bsnc, folder: Path) -> None:
    (entry,) = loaded(bsnc("cost", "good.bsn", "--json", cwd=folder))
    assert entry["costs"]["flops"] == CONV + POOLED + FLAT


def test_no_masks_no_entries(bsnc, folder: Path) -> None:
    (folder / "masks.json").write_text("[]", encoding="utf-8")
    assert loaded(bsnc("cost", "good.bsn", "--masks", "masks.json", "--json", cwd=folder)) == []


def test_train(tiny_run: Path) -> None:
    found = json.loads((tiny_run / "train.json").read_text(encoding="utf-8"))
    assert {"run", "model", "certificate", "test", "budgets", "verdict", "seconds"} <= found.keys()
    assert found["test"].keys() == {"accuracy", "loss", "examples"}
    assert 0 < found["test"]["accuracy"] <= 1 and found["test"]["examples"] == 450
    assert [(b["cost"], b["bound"], b["value"], b["met"]) for b in found["budgets"]] == [("flops", 3000, 2432, True)]
    assert {"converged", "mean_entropy", "open_gates"} <= found["verdict"].keys()
    assert (tiny_run / found["model"]).is_file() and (tiny_run / found["certificate"]).is_file()
    assert found["seconds"] > 0


def test_verify(bsnc, tiny_run: Path) -> None:
    met = loaded(bsnc("verify", "run/model.onnx", "tiny.bsn", "--budget", "flops=3k", "--json", cwd=tiny_run))
    assert met["met"] is True and 0 <= met["parity"] <= 1e-4
    assert [(b["cost"], b["bound"], b["value"], b["met"]) for b in met["budgets"]] == [("flops", 3000, 2432, True)]
    missed = loaded(bsnc("verify", "run/model.onnx", "tiny.bsn", "--json", cwd=tiny_run), status=1)
    assert missed["met"] is False and [b["met"] for b in missed["budgets"]] == [False]


def test_verify_leaves_the_budget_to_the_spec(bsnc, tiny_run: Path) -> None:
    """Trained under a looser budget given on the command line, verified under that of the spec."""
    run = bsnc("verify", "run/model.onnx", "tiny.bsn", "--budget", "params=2k", cwd=tiny_run)
    assert run.exit == 1 and "error[BSN512]: budget `flops` is exceeded" in run.stderr


def test_json_stays_on_stdout_and_alone(bsnc, folder: Path) -> None:
    """Warnings go to stderr, so that stdout can be piped."""
    run = bsnc("compile", "good.bsn", "--budget", "flops=1G", "--json", cwd=folder)
    assert "warning[BSN402]" in run.stderr
    assert json.loads(run.stdout)


def test_what_code_of_ones_own_prints_is_no_result(folder: Path) -> None:
    """Programs that it starts too, so this one is run for real."""
    code = "import os\n\ndef edges(graph):\n    print('own')\n    os.system('echo program')\n    return 1\n"
    (folder / "chatty_costs.py").write_text(code, encoding="utf-8")
    (folder / "own.bsn").write_text(GOOD + 'budget extern "chatty_costs:edges" <= 3\n', encoding="utf-8")
    command = [sys.executable, "-m", "bsnc", "compile", "own.bsn", "--json", "--allow-extern"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["name"] == "net"
    assert "own\n" in done.stderr and "program\n" in done.stderr
