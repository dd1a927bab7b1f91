"""The directory of a run is one process's own; and what is said where it cannot be written to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bsnc.disk import locked
from bsnc.train import progress
from tests.conftest import TINY, Bsnc

LIMITED = """
import resource, sys
from bsnc.train.checkpoint import Checkpoints
from bsnc.cli import main

def limit(bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes, resource.RLIM_INFINITY))

def save(self, phase, state, whole=Checkpoints.save):
    whole(self, phase, state)
    limit(100)

if sys.argv[1] == "before":
    limit(100)
else:
    Checkpoints.save = save
sys.argv = ["bsnc", *sys.argv[2:]]
main()
"""
"""`bsnc` on a disk that is full from the start, or after the first checkpoint."""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "a.bsn").write_text(TINY.replace("epochs = 1 ", "epochs = 2 ").replace("99%", "100%"), encoding="utf-8")
    return tmp_path


def on_a_full_disk(when: str, folder: Path) -> str:
    """What `bsnc train` says then."""
    command = [sys.executable, "-c", LIMITED, when, "train", "a.bsn", "-o", "run", "--threads", "1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "internal error" not in done.stderr, done.stderr
    assert "error[BSN003]: cannot write: file too large" in done.stderr
    return done.stderr


def test_nothing_is_trained_into_a_directory_in_use(bsnc: Bsnc, spec: Path) -> None:
    (spec / "run").mkdir()
    with locked(spec / "run"):
        refused = bsnc("train", "a.bsn", "-o", "run", cwd=spec)
    assert refused.exit == 2 and "error[BSN509]" in refused.stderr and "--> run\n" in refused.stderr
    assert not list((spec / "run").iterdir())


def test_a_lock_that_a_killed_process_left_is_no_content(bsnc: Bsnc, spec: Path) -> None:
    (spec / "run").mkdir()
    (spec / "run" / ".lock").touch()
    done = bsnc("train", "a.bsn", "-o", "run", cwd=spec)
    assert done.exit == 0, done.stderr
    assert not (spec / "run" / ".lock").exists()


def test_a_full_disk_before_the_run_has_begun(spec: Path) -> None:
    assert "begin anew with `bsnc train SPEC -o run`" in on_a_full_disk("before", spec)
    assert not (spec / "run").exists()


def test_a_full_disk_leaves_the_last_good_checkpoint(bsnc: Bsnc, spec: Path) -> None:
    assert "once that is mended, `bsnc train --resume run` goes on" in on_a_full_disk("later", spec)
    (kept,) = (spec / "run" / "checkpoints").iterdir()
    assert kept.name == "search.safetensors"
    done = bsnc("train", "--resume", "run", cwd=spec)
    assert done.exit == 0, done.stderr


def test_a_directory_that_vanishes(bsnc: Bsnc, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def vanish(self: progress.Journal, row: progress.Row, tell=progress.Journal.epoch) -> None:
        tell(self, row)
        shutil.rmtree(spec / "run", ignore_errors=True)

    monkeypatch.setattr(progress.Journal, "epoch", vanish)
    done = bsnc("train", "a.bsn", "-o", "run", cwd=spec)
    assert done.exit == 2 and "error[BSN003]: cannot write: no such file or directory" in done.stderr
    assert "nothing is there to go on with" in done.stderr and not (spec / "run").exists()
