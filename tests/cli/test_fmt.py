"""`bsnc fmt`: which files it touches, and how."""

from __future__ import annotations

import io
import stat
import sys
from pathlib import Path

import pytest

UNTIDY = "let a=1 # one\r\n"
TIDY = "let a = 1  # one\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "a.bsn"
    path.write_bytes(UNTIDY.encode())
    return path


def test_a_file_is_rewritten_in_place(bsnc, spec: Path) -> None:
    spec.chmod(0o640)
    run = bsnc("fmt", "a.bsn", cwd=spec.parent)
    assert (run.exit, run.stdout, run.stderr) == (0, "reformatted a.bsn\n", "")
    assert spec.read_bytes() == TIDY.encode()
    assert stat.S_IMODE(spec.stat().st_mode) == 0o640
    assert [path.name for path in spec.parent.iterdir()] == ["a.bsn"]
    again = bsnc("fmt", "a.bsn", cwd=spec.parent)
    assert (again.exit, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_check_and_diff_change_nothing(bsnc, spec: Path, option: str) -> None:
    assert bsnc("fmt", option, spec).exit == (1 if option == "--check" else 0)
    assert spec.read_bytes() == UNTIDY.encode()


def test_a_byte_order_mark_is_removed(bsnc, spec: Path) -> None:
    spec.write_bytes(b"\xef\xbb\xbf" + TIDY.encode())
    assert bsnc("fmt", "--check", spec).exit == 1
    assert bsnc("fmt", spec).exit == 0
    assert spec.read_bytes() == TIDY.encode()


def test_a_link_stays_a_link(bsnc, spec: Path) -> None:
    link = spec.with_name("link.bsn")
    link.symlink_to(spec)
    assert bsnc("fmt", link).exit == 0
    assert link.is_symlink()
    assert spec.read_bytes() == TIDY.encode()


def test_a_spec_with_a_syntax_error_stays_and_the_others_are_formatted(bsnc, spec: Path) -> None:
    broken = spec.with_name("broken.bsn")
    broken.write_text("let = 1", encoding="utf-8")
    run = bsnc("fmt", broken, spec)
    assert run.exit == 1
    assert "BSN101" in run.stderr
    assert broken.read_text(encoding="utf-8") == "let = 1"
    assert spec.read_bytes() == TIDY.encode()


def test_stdin_goes_to_stdout(bsnc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(UNTIDY.encode())))
    run = bsnc("fmt", "-")
    assert (run.exit, run.stdout, run.stderr) == (0, TIDY, "")


def test_mistakes_in_stdin_are_shown(bsnc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"let = 1")))
    run = bsnc("fmt", "-")
    assert (run.exit, run.stdout) == (1, "")
    assert "<stdin>:1:5" in run.stderr
