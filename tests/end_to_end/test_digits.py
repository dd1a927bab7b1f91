"""From spec to certified model on real digits, through the installed command line, as a user would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from sklearn.datasets import load_digits

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "specs" / "digits.bsn"
SETTINGS = ["channels=6", "train.epochs=24", "train.fine_tune=10", "search.evaluations=100"]
QUICK = [f"--set={text}" for text in SETTINGS]

pytestmark = pytest.mark.slow


def bsnc(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bsnc", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("digits") / "run"


@pytest.fixture(scope="module")
def trained(run: Path) -> dict[str, Any]:
    return json.loads(bsnc("train", SPEC, "-o", run, *QUICK, "--seed", 3, "--json").stdout)


def test_the_network_has_learnt_and_is_within_budget(trained: dict[str, Any]) -> None:
    assert trained["test"]["examples"] == 450
    assert trained["test"]["accuracy"] > 0.9
    (budget,) = trained["budgets"]
    assert budget["cost"] == "flops"
    assert budget["met"]
    assert 0 < budget["value"] <= budget["bound"]
    assert set(trained["verdict"]) >= {"converged", "mean_entropy", "open_gates"}
    assert trained["seconds"] > 0


def test_the_model_file_does_as_well_in_onnx_runtime_alone(trained: dict[str, Any]) -> None:
    session = ort.InferenceSession(trained["model"], providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map["bsnc"])
    digits = load_digits()
    images = digits.images[:, None].astype(np.float32) / 16
    normalised = ((images - about["mean"][0]) / about["std"][0]).astype(np.float32)
    (logits,) = session.run(None, {"image": normalised})
    assert (logits.argmax(1) == digits.target).mean() > 0.9


def test_the_certificate_says_what_the_file_costs(trained: dict[str, Any]) -> None:
    certificate = json.loads(Path(trained["certificate"]).read_text(encoding="utf-8"))
    graph = onnx.shape_inference.infer_shapes(onnx.load(trained["model"])).graph
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in (*graph.value_info, *graph.output)}
    weights = {i.name: list(i.dims) for i in graph.initializer}
    executed = 0
    for node in graph.node:
        if node.op_type == "Conv":
            executed += int(np.prod(weights[node.input[1]]) * np.prod(shapes[node.output[0]][2:]))
        elif node.op_type == "Gemm":
            executed += int(np.prod(weights[node.input[1]]))
    assert certificate["costs"]["flops"] == executed == trained["budgets"][0]["value"]
    assert certificate["parity"]["max_abs_diff"] <= 1e-4
    assert certificate["parity"]["examples"] == 450


def test_verify_agrees_and_refuses_a_tighter_budget(trained: dict[str, Any]) -> None:
    result = json.loads(bsnc("verify", trained["model"], SPEC, "--json").stdout)
    assert result["met"]
    assert result["parity"] <= 1e-4
    tight = bsnc("verify", trained["model"], SPEC, "--budget", "flops=5k", "--json", status=1)
    assert "BSN512" in tight.stderr
    assert json.loads(tight.stdout)["met"] is False


def test_a_run_records_what_repeats_it(run: Path, trained: dict[str, Any]) -> None:
    assert trained["run"] == str(run)
    assert (run / "spec.bsn").read_text(encoding="utf-8") == SPEC.read_text(encoding="utf-8")
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    assert config["seed"] == 3
    assert config["settings"] == {"channels": 6}
    assert {"torch", "onnx", "onnxruntime"} <= set(config["versions"])
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["phase"] for row in rows] == ["search"] * 24 + ["fine-tune"] * 10
    assert (run / "architecture.svg").read_text(encoding="utf-8").startswith("<")


def test_a_run_can_be_exported_again_and_is_not_overwritten(run: Path, trained: dict[str, Any], tmp_path: Path) -> None:
    again = tmp_path / "deploy" / "digits.onnx"
    bsnc("export", run, "-o", again)
    assert again.read_bytes() == Path(trained["model"]).read_bytes()
    assert "BSN003" in bsnc("train", SPEC, "-o", run, status=2).stderr


def test_the_example_runs(trained: dict[str, Any]) -> None:
    script = ROOT / "examples" / "classify_digits.py"
    done = subprocess.run([sys.executable, script, trained["model"]], capture_output=True, text=True, check=True)
    assert "of all 1797 digits" in done.stdout
