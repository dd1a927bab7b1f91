"""What a run that fails early says, and what it leaves behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bsnc.diagnostics import Diagnosed, first_line
from bsnc.train import load_begun, load_run
from bsnc.train import search as searching
from tests.conftest import TINY, Bsnc

GATED = TINY.replace("fixed edge image", "edge image -> h : conv(2, 1)\n  fixed edge image")


def test_no_directory_is_left_where_the_data_are_at_fault(bsnc: Bsnc, tmp_path: Path) -> None:
    (tmp_path / "a.bsn").write_text(TINY)
    for setting in ("data.limit=5", 'data.source=npz("nowhere.npz")'):
        assert "error[BSN" in bsnc("train", "a.bsn", "-o", "run", "--set", setting, cwd=tmp_path).stderr
        assert not (tmp_path / "run").exists()


def test_a_failure_of_the_search_is_not_blamed_on_the_budgets(
    bsnc: Bsnc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("of no one's making")

    monkeypatch.setattr(searching, "minimise", fails)
    (tmp_path / "a.bsn").write_text(GATED)
    run = bsnc("train", "a.bsn", "-o", "run", cwd=tmp_path)
    assert run.exit == 2 and "internal error: ValueError: of no one's making" in run.stderr


def test_a_damaged_run_says_what_to_do(tiny_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(tiny_run / "run", tmp_path / "run")
    (run / "ir.json").unlink()
    with pytest.raises(Diagnosed) as caught:
        load_run(run)
    assert "train anew" in (caught.value.diagnostics[0].help or "")


def test_a_directory_that_is_no_run_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(Diagnosed, match="no directory of a run"):
        load_run(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("ir.json", '{"graph": {"name": "n", "nodes": 3}}', "ir.json: `graph.nodes`: Input should be"),
        ("ir.json", "{", "ir.json: Invalid JSON"),
        ("config.json", '{"bsnc": 1}', "config.json: `bsnc`: Input should be a valid string"),
    ],
)
def test_the_place_in_a_damaged_file_is_named(
    tiny_run: Path, tmp_path: Path, name: str, content: str, says: str
) -> None:
    run = shutil.copytree(tiny_run / "run", tmp_path / "run")
    (run / name).write_text(content)
    with pytest.raises(Diagnosed) as caught:
        load_begun(run)
    assert caught.value.diagnostics[0].message.startswith(says)


def test_the_first_line_of_an_error_that_says_nothing() -> None:
    assert [first_line(error) for error in (ValueError(), ValueError("\n"), ValueError("\na\nb"))] == [
        "ValueError",
        "ValueError",
        "a",
    ]
