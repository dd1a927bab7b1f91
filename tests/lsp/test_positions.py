"""Columns of the protocol count code units; offsets count characters."""

from __future__ import annotations

import pytest

from bsnc.diagnostics import Source
from bsnc.lsp.positions import Encoding, Positions

TEXT = "ab\n# 𝛼é x\n"


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 8), ("utf-16", 5), ("utf-32", 4)])
def test_columns_behind_a_wide_character(encoding: Encoding, column: int) -> None:
    positions, source = Positions(encoding), Source("t.bsn", TEXT)
    assert positions.position(source, TEXT.index(" x")) == (1, column)
    assert positions.offset(source, 1, column) == TEXT.index(" x")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_every_offset_comes_back(encoding: Encoding) -> None:
    positions, source = Positions(encoding), Source("t.bsn", TEXT)
    for offset in range(len(TEXT) + 1):
        assert positions.offset(source, *positions.position(source, offset)) == offset


def test_positions_outside_of_the_text_are_its_ends() -> None:
    positions, source = Positions(), Source("t.bsn", TEXT)
    assert positions.offset(source, 0, 99) == 2
    assert positions.offset(source, 99, 0) == len(TEXT)


def test_a_position_within_a_character_is_its_start() -> None:
    assert Positions().offset(Source("t.bsn", "𝛼x"), 0, 1) == 0
