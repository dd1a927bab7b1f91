"""Two processes do what one does: the same gradients of weights and gates, the same run, one set of files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

SPEC = """
network tiny(c: int = 3) {
  input image: float[1, 8, 8]
  output logits: float[10]
  node h[4] = sum
  fixed edge image -> h[0] : conv(c, 3) | batch_norm | relu
  for i in 1..4, k in [1, 3] { edge h[i-1] -> h[i] : conv(c, k) | batch_norm }
  for i in 1..4 { edge h[i-1] -> h[i] : identity }
  fixed edge h[3] -> logits : global_avg_pool | flatten | linear(10) | batch_norm
}
budget flops <= 60% of max
"""
ONE_STEP = """
search { mode = joint  warmup = 0  init = 0.6  gate_lr = 0.1 }
train { epochs = 1  fine_tune = 0  batch_size = 8  schedule = constant
        optimizer = sgd(lr = 1, momentum = 0, weight_decay = 0) }
data { source = npz("data.npz")  augment = [crop(1), mixup(0.3)] }
"""
SHORT = """
search { evaluations = 20 }
train { epochs = 2  fine_tune = 2  batch_size = 256 }
data { augment = [crop(1)] }
"""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def command(*arguments: str | Path, torchrun: bool = False) -> list[str]:
    start = ["torch.distributed.run", "--nproc-per-node=2", "-m", "bsnc"] if torchrun else ["bsnc"]
    return [sys.executable, "-m", *start, "train", *map(str, arguments)]


def train(folder: Path, *arguments: str | Path, torchrun: bool = False) -> subprocess.CompletedProcess[str]:
    options = {"cwd": folder, "env": ENVIRONMENT, "capture_output": True, "text": True, "timeout": 300}
    result = subprocess.run(command(*arguments, torchrun=torchrun), **options)  # type: ignore[call-overload]
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch so small that some edges are live in rows of one half only."""
    directory, draw = tmp_path_factory.mktemp("processes"), np.random.default_rng(0)
    images, labels = draw.random((28, 1, 8, 8), dtype=np.float32), np.arange(28) % 10
    np.savez(directory / "data.npz", x_train=images[:8], y_train=labels[:8], x_test=images[8:], y_test=labels[8:])
    (directory / "one_step.bsn").write_text(SPEC + ONE_STEP)
    (directory / "short.bsn").write_text(SPEC + SHORT)
    return directory


APART = ("--set", "search.split=50%", "--set", "train.batch_size=4")
"""One step of the weights, on one half of the examples, and one of the gates, on the other."""


@pytest.mark.parametrize(
    ("name", "estimator", "more", "execution"),
    [("rloo", "rloo", (), "scheduled"), ("dense", "rloo", (), "dense"), ("apart", "gumbel_st", APART, "scheduled")],
)
def test_gradients_of_weights_and_gates_are_those_of_one_process(
    folder: Path, name: str, estimator: str, more: tuple[str, ...], execution: str
) -> None:
    settings = ("--set", f"search.estimator={estimator}", *more)
    train(folder, "one_step.bsn", "-o", f"one-{name}", *settings)
    told = train(folder, "one_step.bsn", "-o", f"two-{name}", *settings, "--execution", execution, torchrun=True)
    one, two = (load_file(folder / f"{number}-{name}" / "search.safetensors") for number in ("one", "two"))
    assert one.keys() == two.keys() and len([name for name in one if name.endswith("running_var")]) == 8
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-5, msg=lambda text, n=name: f"{n}: {text}")
    logits, start = one["gates.logits"], torch.logit(torch.tensor(0.6, dtype=torch.float64))
    assert ((logits != start) & (logits.abs() < 7)).sum() >= 6, "gates must have learnt, and not been closed"
    assert told.stdout.count("certificate (costs of the ONNX file)") == 1


@contextmanager
def begun(folder: Path, run: Path, *settings: str) -> Generator[subprocess.Popen[str], None, None]:
    """A run of two processes that has begun, in the middle of whatever it does."""
    options = {"cwd": folder, "env": ENVIRONMENT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = command("short.bsn", "-o", run, "--devices", "2", *settings)
    with subprocess.Popen(started, **options) as process:  # type: ignore[call-overload]
        while not (run / "metrics.jsonl").exists():
            assert process.poll() is None
            time.sleep(0.05)
        yield process


def test_a_run_of_two_processes_is_stopped_and_goes_on(folder: Path) -> None:
    whole, parts = folder / "whole", folder / "parts"
    train(folder, "short.bsn", "-o", whole, "--devices", "2")
    with begun(folder, parts) as process:
        process.send_signal(signal.SIGTERM)
        out, told = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM and f"go on with: bsnc train --resume {parts}" in told
    assert not out and "Traceback" not in told
    train(folder, "--resume", parts)
    assert (whole / "weights.safetensors").read_bytes() == (parts / "weights.safetensors").read_bytes()
    assert not (parts / "checkpoints").exists()


def test_when_a_process_is_killed_the_others_end_and_tell(folder: Path) -> None:
    with begun(folder, folder / "killed", "--set", "train.epochs=1000") as process:
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
        _, told = process.communicate(timeout=120)
    assert process.returncode in (1, -signal.SIGKILL) and "Traceback" not in told
    assert process.returncode < 0 or "error[BSN508]: another process of the run is gone" in told
