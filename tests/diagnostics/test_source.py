"""Offsets, lines and columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bsnc.diagnostics import Source, SourceSpan

TEXT = "first\n\nthird line\nlast"


def span(start: int, end: int, text: str = TEXT) -> SourceSpan:
    return SourceSpan(Source("a.bsn", text), start, end)


def test_lines_and_columns_count_from_one() -> None:
    place = span(TEXT.index("line"), TEXT.index("line") + 4)
    assert (place.line, place.column, place.end_line, place.end_column) == (3, 7, 3, 11)
    assert place.text == "line"
    assert str(place) == "a.bsn:3:7"


def test_a_span_may_run_over_lines() -> None:
    place = span(0, len(TEXT))
    assert (place.line, place.end_line, place.end_column) == (1, 4, 5)


def test_an_empty_text_has_one_empty_line() -> None:
    assert Source("a", "").line_column(0) == (1, 1)
    assert Source("a", "").line(1) == ""


@given(st.text(alphabet="ab\n", max_size=40), st.data())
def test_line_and_column_lead_back_to_the_offset(text: str, data: st.DataObject) -> None:
    source = Source("a", text)
    offset = data.draw(st.integers(0, len(text)))
    line, column = source.line_column(offset)
    before = "".join(part + "\n" for part in text.split("\n")[: line - 1])
    assert len(before) + column - 1 == offset
    assert source.line(line) == text.split("\n")[line - 1]
