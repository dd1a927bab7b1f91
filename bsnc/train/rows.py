"""Rows of metrics, as they are read again when a run goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from bsnc.diagnostics import Diagnosed, Diagnostic

Row = Mapping[str, object]
_NEEDED: dict[str, tuple[type, ...]] = {"phase": (str,), "epoch": (int,), "loss": (int, float)}


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, none where there is no file. A last line that a killed process left unfinished is no row.

    Raises Diagnosed (BSN503) at any other line that is none. It is not dropped: what it held is nowhere else, and the
    file, which is written again as the run goes on, may still be mended by hand.
    """
    if not path.exists():
        return []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise _refused(path, f"cannot read it: {(error.strerror or str(error)).lower()}", None) from None
    found = [_row(line) for line in lines]
    if found[-1] is None:
        found.pop()
    if None not in found:
        return [row for row in found if row is not None]
    help_text = "mend the line, or remove it to go on without its epoch, which is not trained again"
    raise _refused(path, f"line {found.index(None) + 1} is no row of metrics", help_text)


def _row(line: bytes) -> Row | None:
    try:
        row = json.loads(line.decode())
    except ValueError:
        return None
    if not isinstance(row, dict):
        return None
    entries = cast("dict[str, object]", row)
    return entries if all(isinstance(entries.get(key), kinds) for key, kinds in _NEEDED.items()) else None


def _refused(path: Path, message: str, help_text: str | None) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN503", message, subject=str(path), help=help_text))
