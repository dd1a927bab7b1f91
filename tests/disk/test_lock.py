"""A directory is one process's own until that process lets it go or is gone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bsnc.disk import InUse, lock, locked

HOLDS = """
import sys, time
from pathlib import Path
from bsnc.disk import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(600)
"""


def test_a_second_one_is_refused_and_no_file_is_left(tmp_path: Path) -> None:
    with locked(tmp_path):
        with pytest.raises(InUse), locked(tmp_path):
            pass
        with pytest.raises(InUse), locked(tmp_path):  # the first one still has it
            pass
    assert not list(tmp_path.iterdir())
    with locked(tmp_path):
        pass


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None and other.stdout.readline() == "locked\n"
        with pytest.raises(InUse), locked(tmp_path):
            pass
    finally:
        other.kill()
        other.communicate()
    assert [path.name for path in tmp_path.iterdir()] == [lock.LOCK]
    with locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_directory_that_vanishes_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with locked(tmp_path / "run"):
        shutil.rmtree(tmp_path / "run")
    with pytest.raises(FileNotFoundError), locked(tmp_path / "run"):
        pass


def test_a_system_without_locks_goes_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "fcntl", None)
    with locked(tmp_path), locked(tmp_path):
        pass


def test_a_file_system_without_locks_goes_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", flock)
    with locked(tmp_path), locked(tmp_path):
        pass
