"""`bsnc profile`, and what the driver offers to other commands."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from bsnc.driver import profile as driver
from bsnc.driver.check import load_program
from bsnc.driver.profile import latency_keys, latency_tables, measure_latency_tables
from bsnc.export import Fragments
from bsnc.ir import CostKey
from bsnc.sema import Overrides

SPEC = """network net() {
  input  image:  float[1, 8, 8]
  output logits: float[10]
  node h[2] = sum | relu
  fixed edge image -> h[0] : conv(2, 3)
  for i in 0..3 { edge h[0] -> h[1] : conv(2, 3) }
  fixed edge h[1] -> logits : flatten | linear(10)
}
"""
BUDGETS = "budget latency <= 1ms\nbudget latency(cpu, threads = 2) <= 1ms\nbudget flops <= 99% of max\n"


@pytest.fixture(autouse=True)
def _exports_are_shared(monkeypatch: pytest.MonkeyPatch, fragments: Fragments) -> None:
    monkeypatch.setattr(driver, "Fragments", lambda: fragments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.bsn").write_text(SPEC, encoding="utf-8")
    (tmp_path / "budgets.bsn").write_text(SPEC + BUDGETS, encoding="utf-8")
    return tmp_path


def profiles(run: Any) -> list[Any]:
    assert run.exit == 0, run.stderr
    return json.loads(run.stdout)


def test_a_profile_is_measured_once_and_shown(bsnc, folder: Path) -> None:
    [found] = profiles(bsnc("profile", "net.bsn", "--json", cwd=folder))
    assert found["key"] == "latency" and found["setting"]["threads"] == 1
    assert [(m["module"], m["edges"]) for m in sorted(found["modules"], key=lambda m: (m["edges"], m["module"]))] == [
        ("conv(channels = 2, kernel = 3)", 1),
        ("flatten | linear(features = 10)", 1),
        ("conv(channels = 2, kernel = 3)", 3),
    ]
    assert len(found["table"]["edges"]) == 5 and found["architectures"] + found["held_out"] == len(found["pairs"]) == 7
    again = bsnc("profile", "net.bsn", "--json", cwd=folder)
    assert profiles(again) == [found] and again.stderr == ""
    shown = bsnc("profile", "net.bsn", cwd=folder)
    assert shown.exit == 0 and shown.stderr == ""
    lines = shown.stdout.splitlines()
    assert lines[0].startswith("latency on ")
    assert lines[2].split() == ["module", "input", "edges", "own", "time", "fitted"]
    assert lines[-1] == "fitted to 7 architectures; too few others to tell the error"


def test_options_choose_what_is_measured(bsnc, folder: Path) -> None:
    run = bsnc("profile", "net.bsn", "--batch", "2", "--threads", "1", "--architectures", "3", "--json", cwd=folder)
    [found] = profiles(run)
    assert found["key"] == "latency(batch = 2)" and found["setting"]["batch"] == 2
    assert found["plan"]["architectures"] == 3 and found["plan"]["held_out"] == 12
    assert "timing architectures" in run.stderr
    again = bsnc("profile", "net.bsn", "--batch", "2", "--architectures", "3", "--fresh", "--json", cwd=folder)
    assert "timing modules" in again.stderr and profiles(again) != [found]


def test_every_latency_budget_is_profiled(bsnc, folder: Path) -> None:
    program, _ = load_program(folder / "budgets.bsn", Overrides())
    keys = latency_keys(program)
    assert [str(key) for key in keys] == ["latency", "latency(threads = 2)"]
    assert latency_tables(program) == {}
    profiles(bsnc("profile", "budgets.bsn", "--threads", "2", "--json", cwd=folder))
    assert list(latency_tables(program)) == [keys[1]]
    steps: list[str] = []
    tables = measure_latency_tables(program, lambda what, done, total: steps.append(what))
    assert list(tables) == list(keys) and "timing architectures" in steps
    assert latency_tables(program) == tables
    steps.clear()
    assert measure_latency_tables(program, lambda what, done, total: steps.append(what)) == tables and not steps
    found = profiles(bsnc("profile", "budgets.bsn", "--json", cwd=folder))
    assert [p["key"] for p in found] == [str(key) for key in keys]
    for profile, table in zip(found, tables.values(), strict=True):
        ratios = [pair["measured"] / pair["predicted"] for pair in profile["pairs"]]
        factor = table.constant / profile["table"]["constant"]
        assert factor >= 1 and sum(ratio <= factor * (1 + 1e-9) for ratio in ratios) >= 0.85 * len(ratios)
        assert table.edges == pytest.approx([factor * seconds for seconds in profile["table"]["edges"]])


def test_a_spec_without_such_budgets_has_none(folder: Path) -> None:
    program, _ = load_program(folder / "net.bsn", Overrides(budgets=("latency=2ms",)))
    assert latency_keys(program) == (CostKey(name="latency"),)
    program, _ = load_program(folder / "net.bsn", Overrides())
    assert latency_keys(program) == () and latency_tables(program) == {}


def test_a_device_that_this_machine_lacks_hides_no_other_profile(
    bsnc, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    profiles(bsnc("profile", "net.bsn", "--json", cwd=folder))
    run = bsnc("compile", "net.bsn", "--budget", "latency=1s", "--budget", "latency(cuda)=1s", cwd=folder)
    assert run.exit == 0 and run.stderr.count("BSN403") == 1
    assert "= note: ONNX Runtime has no provider for `cuda` on this machine" in run.stderr
    assert "= help: where there is a GPU install `onnxruntime-gpu`" in run.stderr
    assert "feasible, as predicted" in run.stdout


@pytest.mark.parametrize("of_max", [False, True])
def test_export_profiles_only_what_a_bound_is_a_share_of(bsnc, tiny_run: Path, tmp_path: Path, of_max: bool) -> None:
    run = shutil.copytree(tiny_run / "run", tmp_path / "run")
    ir = json.loads((run / "ir.json").read_text(encoding="utf-8"))
    ir["budgets"].append({"cost": {"name": "latency", "options": []}, "bound": 1000.0, "of_max": of_max})
    (run / "ir.json").write_text(json.dumps(ir), encoding="utf-8")
    done = bsnc("export", run, "-o", tmp_path / "model.onnx")
    assert done.exit == 0 and ("timing" in done.stderr) is of_max, done.stderr


def test_a_module_of_ones_own_that_cannot_be_exported_is_named(
    bsnc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "from torch import nn\n\n\nclass Asks(nn.Module):\n    def forward(self, x):\n"
    (tmp_path / "asks_for_values.py").write_text(f"{module}        return x if float(x.sum()) > 0 else -x\n", "utf-8")
    edge = 'edge image -> logits : extern "asks_for_values:Asks"() | flatten | linear(10)'
    text = f"network net() {{\n  input image: float[1, 8, 8]\n  output logits: float[10]\n  fixed {edge}\n}}\n"
    (tmp_path / "own.bsn").write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.path", list(sys.path))
    run = bsnc("profile", "own.bsn", "--allow-extern", cwd=tmp_path)
    assert run.exit == 1 and "error[BSN218]: a network with `asks_for_values:Asks` cannot be exported" in run.stderr
    assert "Traceback" not in run.stderr
