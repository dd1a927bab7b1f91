"""Lines of output, and the columns in which neighbouring lines are aligned.

Alignment is the author's: what stands in one column in the source, in neighbouring lines of one kind, does so in the
output, in the first column that has room. Nothing else is aligned, so formatting twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bsnc.syntax.printing.document import Comment

MAX_COLUMNS = 120


@dataclass
class Stop:
    """A place in a line that may be aligned: its offset there, and where it is in the source."""

    offset: int
    column: int


@dataclass
class Line:
    """`kind` and `stops` are those of a statement that is alone on the line and ends there."""

    text: str
    comment: Comment | None = None
    kind: str = ""
    stops: list[Stop] = field(default_factory=list[Stop])

    @property
    def is_comment(self) -> bool:
        return not self.text.strip() and self.comment is not None

    def shift(self, index: int, width: int) -> None:
        """Move a stop, and all behind it, to the right."""
        offset = self.stops[index].offset
        self.text = self.text[:offset] + " " * width + self.text[offset:]
        for stop in self.stops[index:]:
            stop.offset += width


def align(lines: Sequence[Line]) -> None:
    """Align stops, then the comments behind lines."""
    for index in range(max((len(line.stops) for line in lines), default=0)):
        for group in _groups([line for line in lines if not line.is_comment], _same_stop(index)):
            _align_stop(group, index)


def rendered(lines: Sequence[Line]) -> str:
    """The text, with comments two blanks behind their lines, or aligned."""
    columns = {id(line): len(line.text) + 2 for line in lines}
    for group in _groups(lines, _same_comment_column):
        widest = max(columns[id(line)] for line in group)
        columns |= {id(line): widest for line in group}
    return "".join(_with_comment(line, columns[id(line)]) + "\n" for line in lines)


def _with_comment(line: Line, column: int) -> str:
    if line.comment is None:
        return line.text
    if line.is_comment:
        return line.text + line.comment.text
    return line.text.ljust(column) + line.comment.text


def _groups(lines: Sequence[Line], belong: Callable[[Line, Line], bool]) -> Iterator[list[Line]]:
    """Longest runs of neighbours that belong together, of two lines or more."""
    group = list(lines[:1])
    for before, line in pairwise(lines):
        if not belong(before, line):
            yield from [group] if len(group) > 1 else []
            group = []
        group.append(line)
    yield from [group] if len(group) > 1 else []


def _same_stop(index: int) -> Callable[[Line, Line], bool]:
    def same(before: Line, line: Line) -> bool:
        if before.kind != line.kind or min(len(before.stops), len(line.stops)) <= index:
            return False
        return before.stops[index].column == line.stops[index].column > 0

    return same


def _same_comment_column(before: Line, line: Line) -> bool:
    if before.comment is None or line.comment is None or before.is_comment or line.is_comment:
        return False
    return before.comment.column == line.comment.column


def _align_stop(group: Sequence[Line], index: int) -> None:
    widest = max(line.stops[index].offset for line in group)
    shifts = [widest - line.stops[index].offset for line in group]
    if any(len(line.text) + shift > MAX_COLUMNS for line, shift in zip(group, shifts, strict=True)):
        return
    for line, shift in zip(group, shifts, strict=True):
        line.shift(index, shift)
