"""What is laid out: words, and the structures between which lines may be broken.

The words of a document are those of the canonical text without separators (`,` `;`), which layout puts in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Comment:
    """`follows`: something stands before it on its line. `column` is that of the source."""

    text: str
    follows: bool
    after_blank: bool
    column: int


@dataclass(frozen=True)
class Token:
    """A word of the source, with the comments between it and the token before."""

    kind: str
    text: str
    line: int
    column: int
    comments: tuple[Comment, ...] = ()
    after_blank: bool = False


@dataclass
class Word:
    """`spaced`: a blank before it, where it is not the first on its line. `stop`: neighbouring lines may align it."""

    text: str
    spaced: bool = True
    stop: bool = False
    is_number: bool = False
    token: Token | None = None

    def take_comments(self) -> list[Comment]:
        return list(self.token.comments) if self.token else []


@dataclass
class Element:
    """What may stand on a line of its own: a statement, an item in brackets, a stage of a chain."""

    parts: list[Part]
    kind: str = ""
    terminator: str = ""
    leading: list[Comment] = field(default_factory=list[Comment])
    trailing: Comment | None = None
    after_blank: bool = False

    @property
    def first_word(self) -> Word:
        return first_word(self.parts)


@dataclass
class Brackets:
    """Items between `(` and `)` or `[` and `]`. `last` holds comments before the closing one."""

    opening: Word
    items: list[Element]
    closing: Word
    may_end_in_comma: bool = False
    last: list[Comment] = field(default_factory=list[Comment])


@dataclass
class Chain:
    """Stages of a pipe, or the two ends of a conditional: a line may begin with each but the first."""

    links: list[Element]


@dataclass
class Body:
    """Statements between braces. `first` holds comments behind the opening brace, `last` those before the closing."""

    opening: Word
    statements: list[Element]
    closing: Word
    separator: Literal[" ; ", "; ", "  "] = " ; "
    first: list[Comment] = field(default_factory=list[Comment])
    last: list[Comment] = field(default_factory=list[Comment])

    @property
    def is_written_on_one_line(self) -> bool:
        """In the source; where there is none, only choices are."""
        if not self.statements:
            return True
        if self.opening.token is None or self.closing.token is None:
            return self.separator == "; "
        return self.opening.token.line == self.closing.token.line


Part = Word | Brackets | Chain | Body


def first_word(parts: Sequence[Part]) -> Word:
    match parts[0]:
        case Word() as word:
            return word
        case Chain() as chain:
            return chain.links[0].first_word
        case part:
            return part.opening


def words(parts: Sequence[Part]) -> Iterator[Word]:
    """All words, in order."""
    for part in parts:
        match part:
            case Word():
                yield part
            case Chain():
                yield from _words_of(part.links)
            case Brackets():
                yield part.opening
                yield from _words_of(part.items)
                yield part.closing
            case Body():
                yield part.opening
                yield from _words_of(part.statements)
                yield part.closing


def _words_of(elements: Sequence[Element]) -> Iterator[Word]:
    for element in elements:
        yield from words(element.parts)


def is_commented(part: Part) -> bool:
    """Whether a comment stands inside."""
    match part:
        case Word():
            return False
        case Chain():
            return any(map(_holds_comment, part.links))
        case Brackets():
            return bool(part.last) or any(map(_holds_comment, part.items))
        case Body():
            return bool(part.first or part.last) or any(map(_holds_comment, part.statements))


def _holds_comment(element: Element) -> bool:
    return bool(element.leading) or element.trailing is not None or any(map(is_commented, element.parts))
