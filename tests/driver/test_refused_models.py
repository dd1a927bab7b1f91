"""A network whose model is refused at the end of a run is not lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.driver import train
from tests.conftest import TINY, Bsnc


def test_it_is_told_how_good_it_is_and_how_to_export_it_again(
    bsnc: Bsnc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.bsn").write_text(TINY.replace("99%", "100%"), encoding="utf-8")

    def refuse(*_: object) -> None:
        raise Diagnosed(Diagnostic("BSN512", "latency: 3 ms, above its bound", subject="model.onnx"))

    with monkeypatch.context() as patch:
        patch.setattr(train, "ship", refuse)
        refused = bsnc("train", "tiny.bsn", "-o", "run", cwd=tmp_path)
    assert refused.exit == 1 and "error[BSN512]: latency: 3 ms, above its bound" in refused.stderr
    assert "the network is trained (" in refused.stderr and "`bsnc train --resume run` only exports" in refused.stderr
    weights = (tmp_path / "run" / "weights.safetensors").read_bytes()
    done = bsnc("train", "--resume", "run", cwd=tmp_path)
    assert done.exit == 0, done.stderr
    assert (tmp_path / "run" / "summary.json").exists()
    assert (tmp_path / "run" / "weights.safetensors").read_bytes() == weights
