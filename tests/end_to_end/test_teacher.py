"""A model file that teaches; what the command line says of weights of other origins."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import torch

from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.driver.teacher import read_teacher
from bsnc.train import load_run
from tests.conftest import TINY, Bsnc, Run


@pytest.fixture
def folder(tiny_run: Path, tmp_path: Path) -> Path:
    """A student, and below `models` the model of a run as its teacher."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "large.onnx").write_bytes((tiny_run / "run" / "model.onnx").read_bytes())
    taught = 'train { distill = distill(onnx("models/large.onnx"), weight = 0.9)  epochs = 1  fine_tune = 2 }'
    plain = TINY[: TINY.index("train")]
    (tmp_path / "student.bsn").write_text(plain + taught, encoding="utf-8")
    return tmp_path


def test_a_teacher_computes_what_its_network_did(folder: Path, tiny_run: Path) -> None:
    program = load_program(folder / "student.bsn", Overrides())[0]
    found = read_teacher(program, folder, threads=1)
    assert found is not None
    network = load_run(tiny_run / "run")[3]
    batch = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(found.ask(batch), network(batch), atol=1e-4)


def test_a_student_learns_from_a_file_that_the_run_keeps(bsnc: Bsnc, folder: Path) -> None:
    for name, settings in (("taught", ()), ("alone", ("--set", "train.distill=distill(whole, 1, 1e-9)"))):
        run = bsnc("train", "student.bsn", "-o", name, "--budget", "flops=3k", *settings, cwd=folder)
        assert run.exit == 0, run.stderr
    assert (folder / "taught" / "teacher.onnx").read_bytes() == (folder / "models" / "large.onnx").read_bytes()
    assert not (folder / "alone" / "teacher.onnx").exists()
    one, other = ((folder / name / "weights.safetensors").read_bytes() for name in ("taught", "alone"))
    assert one != other


def test_a_run_goes_on_though_the_teacher_has_moved(bsnc: Bsnc, folder: Path, monkeypatch) -> None:
    """Stopped in the first epoch of the fine-tuning."""
    from bsnc.train import training

    whole = bsnc("train", "student.bsn", "-o", "whole", "--budget", "flops=3k", cwd=folder)
    step, names = training.Training._step, []

    def interrupted(self, inputs, targets) -> None:
        step(self, inputs, targets)
        names.append(self.phase.name)
        if names.count("fine-tune") == 3 and names[-1] == "fine-tune":
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(training.Training, "_step", interrupted)
        stopped = bsnc("train", "student.bsn", "-o", "run", "--budget", "flops=3k", cwd=folder)
    assert whole.exit == 0 and stopped.exit == 130, stopped.stderr
    (folder / "models" / "large.onnx").unlink()
    assert bsnc("train", "--resume", "run", cwd=folder).exit == 0
    one, other = ((folder / name / "model.onnx").read_bytes() for name in ("whole", "run"))
    assert one == other


def test_what_is_printed_of_other_weights_and_mirrored_inputs(bsnc: Bsnc, folder: Path) -> None:
    wanted = ("train.compare=[inherited, fine_tuned]", "train.tta=flip", "train.distill=distill(weight = 0.5)")
    settings = [part for text in wanted for part in ("--set", text)]
    run = bsnc("train", "student.bsn", "-o", "run", "--budget", "flops=3k", "--from-scratch", *settings, cwd=folder)
    assert run.exit == 0, run.stderr
    table = run.stdout[run.stdout.index("weights ") :].split("\n\n")[0].splitlines()
    assert [line.split("  ")[0] for line in table[2:]] == ["inherited", "fine tuned", "from scratch"]
    assert [line.endswith("exported") for line in table[2:]] == [False, False, True]
    assert "\nwith mirrored inputs too: " in run.stdout
    summary = json.loads((folder / "run" / "summary.json").read_text(encoding="utf-8"))
    exported = {origin: found.pop("exported") for origin, found in summary["compared"].items()}
    assert exported == {"inherited": False, "fine_tuned": False, "from_scratch": True}
    assert summary["compared"]["from_scratch"] == summary["test"]
    assert summary["compared"]["inherited"] == summary["test_inherited"]
    assert summary["test_mirrored"]["examples"] == 450


OWN = """
import torch

class Sums(torch.nn.Module):
    def __init__(self, factor, classes=10):
        super().__init__()
        self.factor, self.classes = factor, classes
        self.norm = torch.nn.BatchNorm2d(1)  # in training mode it would depend on the batch

    def forward(self, x):
        return self.factor * self.norm(x).flatten(1)[:, : self.classes]

def not_a_module():
    return 3
"""


def test_a_student_learns_from_a_module_of_ones_own(bsnc: Bsnc, folder: Path) -> None:
    (folder / "teachers_of_ones_own.py").write_text(OWN, encoding="utf-8")

    def train(run: str, call: str, *options: str) -> Run:
        distill = f"train.distill=distill(extern {call}, weight = 0.9)"
        return bsnc("train", "student.bsn", "-o", run, "--budget", "flops=3k", "--set", distill, *options, cwd=folder)

    for run, factor in (("one", 1.0), ("other", 5.0)):
        done = train(run, f'"teachers_of_ones_own:Sums"(factor = {factor})', "--allow-extern")
        assert done.exit == 0, done.stderr
    assert not (folder / "one" / "teacher.onnx").exists()
    one, other = ((folder / name / "weights.safetensors").read_bytes() for name in ("one", "other"))
    assert one != other
    assert "BSN217" in bsnc("export", "one", cwd=folder).stderr
    for call, told in (
        ('"teachers_of_ones_own:not_a_module"()', "error[BSN218]: it gives an object of type int, not a torch module"),
        ('"teachers_of_ones_own:Sums"()', "error[BSN218]: it fails: TypeError"),
        ('"teachers_of_ones_own:Sums"(factor = 1.0, classes = 3)', "error[BSN507]: the teacher makes a batch"),
    ):
        refused = train("refused", call, "--allow-extern")
        assert refused.exit == 1 and told in refused.stderr, refused.stderr
    forbidden = train("refused", '"teachers_of_ones_own:Sums"()')
    assert forbidden.exit == 2 and "a teacher of one's own is not allowed" in forbidden.stderr
