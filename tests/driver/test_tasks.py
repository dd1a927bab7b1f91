"""Every kind of task from spec to certified model, on small data made by hand, through the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor

from bsnc.data import Dataset, Split, task_of
from bsnc.driver import ship, train, verify
from bsnc.ir import DataConfig
from bsnc.train import run
from tests.conftest import Bsnc
from tests.laws.weights import one_thread

SEGMENT = """network shapes(channels: int = 6) {
  input  image:  float[3, 12, 16]
  output labels: float[3, 12, 16]
  block same = conv(channels, 3, bias = false) | batch_norm | relu
  node h[2] = sum
  fixed edge image -> h[0] : same
  edge h[0] -> h[1] : same
  edge h[0] -> h[1] : identity
  fixed edge h[1] -> labels : conv(3, 1)
}
budget flops <= 70% of max
search { evaluations = 10 }
train  { epochs = 4  fine_tune = 4  batch_size = 32 }
data   { target = mask  ignore = 7  augment = [crop(1), flip, cutout(2), jitter(0.1, 0.1, 0.1)] }
"""
REGRESS = """network tabular(units: int = 16) {
  input  row:    float[5]
  output values: float[2]
  node h = sum | relu
  fixed edge row -> h : linear(units)
  edge row -> h : linear(units) | batch_norm
  fixed edge h -> values : linear(2)
}
budget params <= 90% of max
search { evaluations = 10 }
train  { epochs = 8  fine_tune = 8  batch_size = 32  label_smoothing = 0.1 }
data   { target = value }
"""
SIGNAL = """network signal(channels: int = 6) {
  input  signal: float[2, 32]
  output logits: float[3]
  node h = sum | relu
  fixed edge signal -> h : conv(channels, 5) | batch_norm
  edge signal -> h : conv(channels, 3) | batch_norm
  fixed edge h -> logits : global_avg_pool | flatten | linear(3)
}
budget flops <= 80% of max
search { evaluations = 10 }
train  { epochs = 6  fine_tune = 6  batch_size = 32 }
data   { augment = [mixup(0.2)] }
"""


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def masks(count: int = 320) -> tuple[Tensor, Tensor]:
    """Bytes `[N, 3, 12, 16]`; each pixel has the class of its brightest channel, its borders none."""
    labels = torch.randint(0, 3, (count, 3, 4), generator=seeded()).repeat_interleave(4, 1).repeat_interleave(4, 2)
    noise = torch.randint(0, 120, (count, 3, 12, 16), generator=seeded())
    images = noise + 120 * torch.nn.functional.one_hot(labels, 3).permute(0, 3, 1, 2)
    labels[:, 0] = labels[:, -1] = 7
    return images.to(torch.uint8), labels.to(torch.uint8)


def values(count: int = 640) -> tuple[Tensor, Tensor]:
    """Rows `[N, 5]` of different scales, and two values of different scales."""
    rows = torch.randn(count, 5, generator=seeded())
    made = torch.stack([rows[:, 0] + rows[:, 1].abs(), 2 * rows[:, 2] - rows[:, 3]], 1)
    return rows * torch.tensor([1.0, 10.0, 0.1, 1e3, 1.0]), made * torch.tensor([1e5, 0.1]) + torch.tensor([3e5, 7.0])


def signals(count: int = 480) -> tuple[Tensor, Tensor]:
    """Waves `[N, 2, 32]` of three frequencies, on one channel of two."""
    labels = torch.arange(count) % 3
    phase = 6.3 * torch.rand(count, 1, generator=seeded())
    wave = torch.sin(torch.arange(32) * (0.3 + 0.8 * labels[:, None]) + phase)
    return torch.stack([wave, 0.3 * torch.randn(count, 32, generator=seeded())], 1), labels


def dataset_of(kind: str, test: int) -> Dataset:
    inputs, targets = {"mask": masks, "value": values, "class": signals}[kind]()
    everything = Split(inputs, targets)
    seen, held = everything[test:], everything[:test]
    wide = seen.inputs / 255 if inputs.dtype == torch.uint8 else seen.inputs
    over = [d for d in range(inputs.ndim) if d != 1]
    task = task_of(DataConfig(target=kind, ignore=7), seen)  # type: ignore[arg-type]
    return Dataset(seen, held, () if kind == "value" else tuple("abc"), wide.mean(over), wide.std(over), task=task)


@dataclass(frozen=True)
class Case:
    """A trained run, what `train` printed, and its data."""

    kind: str
    folder: Path
    printed: str
    dataset: Dataset

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads((self.folder / "run/summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["mask", "value", "class"])
def case(request: pytest.FixtureRequest, bsnc: Bsnc, tmp_path_factory: pytest.TempPathFactory):
    """The data are those of the case wherever a spec's would be read, until its tests are done."""
    kind, folder = request.param, tmp_path_factory.mktemp(request.param)
    dataset = dataset_of(kind, test=80)
    (folder / "s.bsn").write_text({"mask": SEGMENT, "value": REGRESS, "class": SIGNAL}[kind], encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, one_thread():
        for module in (train, ship, verify, run):
            patch.setattr(module, "load_data", lambda *_: dataset, raising=False)
        done = bsnc("train", "s.bsn", "-o", "run", cwd=folder)
        assert done.exit == 0, done.stderr
        yield Case(kind, folder, done.stdout, dataset)


def test_the_network_has_learnt_and_its_metrics_are_told(case: Case) -> None:
    test = case.summary["test"]
    first = case.printed.splitlines()[0]
    if case.kind == "mask":
        assert list(test) == ["mean_iou", "pixel_accuracy", "loss", "examples"] and test["mean_iou"] > 0.9
        told = f"mean IoU {test['mean_iou']:.2%}, pixel accuracy {test['pixel_accuracy']:.2%}"
    elif case.kind == "value":
        assert list(test) == ["rmse", "mae", "r2", "loss", "examples"] and test["r2"] > 0.9
        told = f"RMSE {test['rmse']:.4g}, MAE {test['mae']:.4g}, R² {test['r2']:.4g}"
    else:
        assert list(test) == ["accuracy", "loss", "examples"] and test["accuracy"] > 0.9
        told = f"{test['accuracy']:.2%}"
    assert first == f"test: {told} of 80 examples, loss {test['loss']:.4f}"
    rows = [json.loads(line) for line in (case.folder / "run/metrics.jsonl").read_text("utf-8").splitlines()]
    names = [name for name in test if name not in ("loss", "examples")]
    assert all(np.isfinite(row[name]) for row in rows for name in ("loss", *names))
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_the_file_alone_does_as_well_by_what_its_metadata_say(case: Case) -> None:
    session = ort.InferenceSession(case.folder / "run/model.onnx", providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map["bsnc"])
    inputs = case.dataset.test.inputs.numpy()
    raw = inputs.astype(np.float64) / (255 if inputs.dtype == np.uint8 else 1)
    scale = [np.array(about[name]).reshape(-1, *(1,) * (raw.ndim - 2)) for name in ("mean", "std")]
    name = session.get_inputs()[0].name
    (outputs,) = session.run(None, {name: ((raw - scale[0]) / scale[1]).astype(np.float32)})
    wanted, test = case.dataset.test.targets.numpy(), case.summary["test"]
    assert about["target"] == case.kind
    if case.kind == "value":
        found = outputs * about["target_std"] + about["target_mean"]
        assert np.sqrt(((found - wanted) ** 2).mean()) == pytest.approx(test["rmse"], rel=1e-3)
        return
    assert about["target_mean"] == about["target_std"] == []
    counted = wanted != 7
    share = (outputs.argmax(1) == wanted)[counted].mean()
    assert share == pytest.approx(test["pixel_accuracy" if case.kind == "mask" else "accuracy"], abs=2e-3)


def test_the_certificate_holds_and_verify_agrees(case: Case, bsnc: Bsnc) -> None:
    certificate = json.loads((case.folder / "run/certificate.json").read_text(encoding="utf-8"))
    assert certificate["parity"]["examples"] == 80 and all(row["met"] for row in certificate["budgets"])
    done = bsnc("verify", "run/model.onnx", "s.bsn", "--json", cwd=case.folder)
    assert done.exit == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["met"] and found["parity_examples"] == 80 and not found["diagnostics"]


def test_a_scale_that_is_not_that_of_the_data_is_found(case: Case, bsnc: Bsnc) -> None:
    """Who believed these metadata would take the outputs for something else."""
    other = dataset_of(case.kind, test=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "load_data", lambda *_: other)
        done = bsnc("verify", "run/model.onnx", "s.bsn", "--json", cwd=case.folder)
    wrong = {d["message"].split("`")[1] for d in json.loads(done.stdout)["diagnostics"]}
    assert {"mean", "std"} <= wrong <= {"mean", "std", "target_mean", "target_std"}
    assert ("target_mean" in wrong) == (case.kind == "value")


def test_a_run_is_exported_again_byte_for_byte(case: Case, bsnc: Bsnc) -> None:
    done = bsnc("export", "run", "-o", "again.onnx", cwd=case.folder)
    assert done.exit == 0, done.stderr
    assert (case.folder / "again.onnx").read_bytes() == (case.folder / "run/model.onnx").read_bytes()


@pytest.mark.parametrize(("count", "expected"), [(3, [0, 1, 2]), (1000, [*range(1000)]), (2500, [0, 2, 5, 7, 10])])
def test_a_large_test_split_is_compared_on_a_thousand_examples_spread_evenly(count: int, expected: list[int]) -> None:
    numbered = Split(torch.arange(float(count))[:, None], torch.zeros(count, dtype=torch.int64))
    data = Dataset(numbered, numbered, ("a",), torch.zeros(1), torch.ones(1))
    found = ship.examples_of(data)
    assert found.shape == (min(count, 1000), 1) and found[: len(expected), 0].tolist() == expected
