"""Rows of metrics that are read again: none is lost silently."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bsnc.diagnostics import Diagnosed
from bsnc.train.rows import read_rows

ROWS = [{"phase": "search", "epoch": epoch, "loss": 1.5} for epoch in range(2)]
LINES = [json.dumps(row).encode() + b"\n" for row in ROWS]


def rows_of(folder: Path, content: bytes) -> list[object]:
    (folder / "metrics.jsonl").write_bytes(content)
    return list(read_rows(folder / "metrics.jsonl"))


@pytest.mark.parametrize("end", [b"", b'{"phase": "sea', b"\0\0\0\0", b"\377"])
def test_a_last_line_that_was_not_finished_is_no_row(tmp_path: Path, end: bytes) -> None:
    assert rows_of(tmp_path, b"".join(LINES) + end) == ROWS
    assert rows_of(tmp_path, end) == []


def test_a_last_row_without_an_end_of_line_is_one(tmp_path: Path) -> None:
    assert rows_of(tmp_path, b"".join(LINES)[:-1]) == ROWS


@pytest.mark.parametrize(
    "line", [b'{"a": 1}', b"\377\0\376", b"[1]", b"7", b"", b'{"phase": "search", "epoch": "x", "loss": 1}']
)
def test_a_line_that_is_no_row_is_not_dropped(tmp_path: Path, line: bytes) -> None:
    content = LINES[0] + line + b"\n" + LINES[1]
    with pytest.raises(Diagnosed) as caught:
        rows_of(tmp_path, content)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("BSN503", "line 2 is no row of metrics")
    assert "is not trained again" in (found.help or "") and (tmp_path / "metrics.jsonl").read_bytes() == content


def test_what_is_no_file(tmp_path: Path) -> None:
    assert read_rows(tmp_path / "nowhere") == []
    with pytest.raises(Diagnosed, match="cannot read it"):
        read_rows(tmp_path)
