"""Documents to lines: what fits stays on its line, what does not is broken at its outermost structure."""

from __future__ import annotations

from collections.abc import Sequence

from bsnc.syntax.printing.document import (
    Body,
    Brackets,
    Chain,
    Comment,
    Element,
    Part,
    Word,
    is_commented,
)
from bsnc.syntax.printing.lines import MAX_COLUMNS, Line, Stop

_STEP = 2


def flat(parts: Sequence[Part]) -> str:
    """On one line, without the blank before the first word."""
    return "".join(map(_flat, parts)).removeprefix(" ")


def _flat(part: Part) -> str:
    match part:
        case Word():
            return " " * part.spaced + part.text
        case Chain():
            return _flat_items(part.links, "")
        case Brackets():
            return f"{_flat(part.opening)}{_flat_items(part.items, ',').removeprefix(' ')}{part.closing.text}"
        case Body():
            inside = part.separator.join(flat(statement.parts) for statement in part.statements)
            return f" {{ {inside} }}" if inside else " {}"


def _flat_items(elements: Sequence[Element], separator: str) -> str:
    return separator.join("".join(map(_flat, element.parts)) for element in elements)


def _may_stay(body: Body) -> bool:
    """Whether the author wrote a body, and the bodies in it, on one line each."""
    inner = (part for s in body.statements for part in s.parts if isinstance(part, Body))
    return body.is_written_on_one_line and all(map(_may_stay, inner))


class Layout:
    """Writes elements below each other; `lines` is the result."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def statements(self, elements: Sequence[Element], last: Sequence[Comment], indent: int) -> None:
        """Statements and the comments behind them, single blank lines between them where the source has any."""
        start = len(self.lines)
        for element in elements:
            self._comments(element.leading, indent, start)
            self._blank(element.after_blank, start)
            self._element(element, indent, element.terminator)
        self._comments(last, indent, start)

    def _blank(self, wanted: bool, start: int) -> None:
        if wanted and len(self.lines) > start:
            self.lines.append(Line(""))

    def _comments(self, comments: Sequence[Comment], indent: int, start: int | None = None) -> None:
        """Comments on lines of their own; with a `start`, blank lines before them are kept below that line."""
        for comment in comments:
            self._blank(comment.after_blank and start is not None, start or 0)
            self.lines.append(Line(" " * indent, comment))

    def _element(self, element: Element, indent: int, tail: str) -> None:
        number = len(self.lines)
        self.lines.append(Line(" " * indent))
        self._parts(element.parts, indent, len(tail))
        self.lines[-1].text += tail
        self.lines[-1].comment = element.trailing
        if len(self.lines) == number + 1 and element.kind:
            self.lines[number].kind = element.kind
            self.lines[number].stops = _stops(element, indent)

    def _write(self, text: str) -> None:
        line = self.lines[-1]
        line.text += text if line.text.strip() else text.removeprefix(" ")

    def _parts(self, parts: Sequence[Part], indent: int, tail: int) -> None:
        opened = self._to_open(parts, indent, tail)
        for index, part in enumerate(parts):
            match part:
                case Chain() if index in opened:
                    self._open_chain(part, indent)
                case Brackets() if index in opened:
                    self._open_brackets(part, indent)
                case Body() if index in opened:
                    self._open_body(part, indent)
                case _:
                    self._write(_flat(part))

    def _to_open(self, parts: Sequence[Part], indent: int, tail: int) -> set[int]:
        """Which parts to break: those with comments inside, bodies as written, then what makes lines too long."""
        room = MAX_COLUMNS - tail
        column = len(self.lines[-1].text)
        opened = {index for index, part in enumerate(parts) if is_commented(part)}
        bodies = {index for index, part in enumerate(parts) if isinstance(part, Body) and part.statements}
        as_written = all(_may_stay(part) for part in parts if isinstance(part, Body))
        if opened or not as_written or column + len(flat(parts)) > room:
            opened |= bodies
        while (best := _best_break(parts, opened, column, indent, room)) is not None:
            opened.add(best)
        return opened

    def _open_chain(self, chain: Chain, indent: int) -> None:
        first, *others = chain.links
        self._parts(first.parts, indent, 0)
        self.lines[-1].comment = first.trailing
        for link in others:
            self._comments(link.leading, indent + _STEP)
            self._element(link, indent + _STEP, "")

    def _open_brackets(self, part: Brackets, indent: int) -> None:
        self._write(_flat(part.opening))
        for number, item in enumerate(part.items, 1):
            self._comments(item.leading, indent + _STEP)
            separated = part.may_end_in_comma or number < len(part.items)
            self._element(item, indent + _STEP, "," * separated)
        self._comments(part.last, indent + _STEP)
        self.lines.append(Line(" " * indent + part.closing.text))

    def _open_body(self, body: Body, indent: int) -> None:
        self._write(" {")
        start = len(self.lines)
        if body.first:
            self.lines[-1].comment = body.first[0]
        self._comments(body.first[1:], indent + _STEP, start)
        self.statements(body.statements, body.last, indent + _STEP)
        self.lines.append(Line(" " * indent + "}"))


def _stops(element: Element, indent: int) -> list[Stop]:
    """Where a statement of one line may be aligned."""
    first = element.first_word.token
    stops: list[Stop] = []
    for index, part in enumerate(element.parts):
        word = part.opening if isinstance(part, Body) else part
        if not isinstance(word, Word) or not word.stop or word.token is None or first is None:
            continue
        offset = indent + len(flat(element.parts[:index])) + 1
        stops.append(Stop(offset, word.token.column - first.column if word.token.line == first.line else 0))
    return stops


def _best_break(parts: Sequence[Part], opened: set[int], column: int, indent: int, room: int) -> int | None:
    """The part to break next: the last chain, else the longest brackets, of the first stretch that is too long."""
    stretch: list[int] = []
    for index in range(len(parts) + 1):
        if index < len(parts) and index not in opened:
            stretch.append(index)
            continue
        if column + len(flat([parts[i] for i in stretch])) > room:
            best = _preferred(parts, stretch)
            if best is not None:
                return best
        stretch, column = [], indent
    return None


def _preferred(parts: Sequence[Part], stretch: Sequence[int]) -> int | None:
    chains = [i for i in stretch if isinstance(parts[i], Chain)]
    brackets = [i for i in stretch if isinstance(part := parts[i], Brackets) and part.items]
    if chains:
        return chains[-1]
    return max(brackets, key=lambda i: len(_flat(parts[i])), default=None)
