"""Choices, cells, concatenation and a module of the user's own, from spec to certified model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MODULE = """
from torch import nn


class Gated(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gate = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        return x * self.gate(x).sigmoid()
"""
SPEC = """
network net(c: int in 4.. = 6) {
  input  image:  float[1, 8, 8]
  output logits: float[10]
  gate g[2]
  cell unit(c) {
    node v[3] = sum | relu ; node out = concat
    input v[0]  output out
    for i in 0..2 {
      edge v[i] -> v[i+1] : choice @ g[i] { none; identity; conv(c, 3) | batch_norm; max_pool(3) }
      edge v[i] -> out : identity
    }
    fixed edge v[2] -> out : identity
  }
  node h[3] = mean | relu
  fixed edge image -> h[0] : conv(c, 3) | batch_norm
  fixed edge h[0] -> h[1] : (unit(c) | conv(c, 1) | batch_norm) repeat 2
  edge h[0] -> h[1] : identity
  fixed edge h[1] -> h[2] : extern "gated:Gated"(channels = c) | avg_pool(2, stride = 2)
  fixed edge h[2] -> logits : flatten | linear(10)
}
budget flops <= 60% of max
budget params <= 2k
search { evaluations = 30 }
train  { epochs = 8  fine_tune = 4 }
"""


def bsnc(folder: Path, *arguments: str, status: int = 0) -> str:
    command = [sys.executable, "-m", "bsnc", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_a_choice_is_made_in_every_cell_alike_and_the_file_is_within_both_budgets(tmp_path: Path) -> None:
    (tmp_path / "gated.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "net.bsn").write_text(SPEC, encoding="utf-8")
    bsnc(tmp_path, "check", "net.bsn", status=1)
    summary = json.loads(bsnc(tmp_path, "train", "net.bsn", "-o", "run", "--allow-extern", "--json"))
    assert summary["test"]["accuracy"] > 0.5
    assert {row["cost"]: row["met"] for row in summary["budgets"]} == {"flops": True, "params": True}
    architecture = json.loads((tmp_path / "run" / "architecture.json").read_text(encoding="utf-8"))
    inside = [
        [e.partition(f"unit[{n}].")[2] for e in architecture["live"] if f"/unit[{n}].v[0]->.v[1]" in e] for n in (0, 1)
    ]
    assert inside[0] == inside[1] and len(architecture["probabilities"]["g[0]"]) == 4
    bsnc(tmp_path, "verify", "run/model.onnx", "net.bsn", "--allow-extern")
    bsnc(tmp_path, "export", "run", status=1)
    bsnc(tmp_path, "export", "run", "--allow-extern")
