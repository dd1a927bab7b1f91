"""Budgets on every kind of cost at once, from spec to certified model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FUNCTION = """
def depth(graph):
    longest = {graph.input.name: 0}
    for edge in graph.edges:
        longest[edge.target] = max(longest.get(edge.target, 0), longest[edge.source] + 1)
    return longest[graph.output.name]
"""
SPEC = """
network net(channels: int = 8, layers: int = 3) {
  input  image:  float[1, 8, 8]
  output logits: float[10]
  block step = conv(channels, 3) | batch_norm
  node h[layers + 1] = sum | relu
  fixed edge image -> h[0] : step
  for l in 0..layers {
    edge h[l] -> h[l + 1] : choice { identity; step; depthwise_conv(3) | relu | conv(channels, 1) | batch_norm }
    if l > 0 { edge h[l - 1] -> h[l + 1] : step }
  }
  fixed edge h[layers] -> logits : global_avg_pool | flatten | linear(10)
}
budget flops            <= 60% of max
budget weights          <= 8kB
budget memory           <= 12kB
budget steps(cores = 2) <= 9
budget latency          <= 100ms
budget extern "own_costs_of_a_test:depth" <= 5
search { evaluations = 30 }
train  { epochs = 8  fine_tune = 2 }
"""
COSTS = ["flops", "weights", "memory", "steps(cores = 2)", "latency", 'extern "own_costs_of_a_test:depth"']


def bsnc(folder: Path, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bsnc", *arguments]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_every_budget_is_held_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "net.bsn").write_text(SPEC, encoding="utf-8")
    (tmp_path / "own_costs_of_a_test.py").write_text(FUNCTION, encoding="utf-8")
    assert "BSN403" in bsnc(tmp_path, "compile", "net.bsn", "--allow-extern").stderr
    trained = bsnc(tmp_path, "train", "net.bsn", "--allow-extern", "-o", "run", "--json")
    assert "timing architectures" in trained.stderr
    budgets = json.loads(trained.stdout)["budgets"]
    assert [b["cost"] for b in budgets] == COSTS and all(b["met"] for b in budgets)
    assert [b["told"] for b in budgets] == ["recounted"] * 4 + ["measured", "called"]

    bsnc(tmp_path, "verify", "run/model.onnx", "net.bsn", "--allow-extern")
    shown = bsnc(tmp_path, "cost", "net.bsn", "--arch", "run/architecture.json", "--allow-extern", "--json")
    found = json.loads(shown.stdout)
    costs = found["totals"] | found["others"]
    for budget in budgets:
        if budget["told"] != "measured":
            assert costs[budget["cost"]] == budget["value"]
    assert costs["latency"] > 0

    over = ["--budget", "steps(cores = 2)=3", "--budget", "memory=1kB", "--budget", "latency=1us"]
    refused = bsnc(tmp_path, "verify", "run/model.onnx", "net.bsn", "--allow-extern", *over, status=1)
    assert [refused.stderr.count(f"budget `{cost}") for cost in ("steps", "memory", "latency")] == [1, 1, 1]
    unfit = bsnc(tmp_path, "train", "net.bsn", "--allow-extern", *over, "-o", "none", status=1)
    assert unfit.stderr.count("BSN401") == 3
