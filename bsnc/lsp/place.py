"""Where the cursor stands, seen from the words before it: it works on texts that do not parse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r'|(?P<string>"[^"\n]*"?)'
    r"|(?P<number>[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[^\W\d]\w*|%(?![\w(]))?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\.\.|->|[<>=!]=|//|[^\s\w])"
)
_CLOSES = {")": "(", "]": "[", "}": "{"}
_VALUE_ENDS = {")", "]", "}"}
ITEMS = ("import", "let", "block", "cell", "network", "budget", "search", "train", "data")
STATEMENTS = ("input", "output", "let", "block", "cell", "node", "gate", "edge", "fixed", "for", "if")
SECTIONS = ("search", "train", "data")
_WORDS_THAT_GO_ON = {"in", "if", "else", "and", "or", "not", "repeat", "of", "with", "extern", "choice"}
_HEADS = {*ITEMS, *STATEMENTS}


@dataclass
class Frame:
    """An open bracket, or the file itself: the word before it, and the words of the statement in it so far."""

    bracket: str
    owner: str
    words: list[str] = field(default_factory=list[str])
    line: int = 0

    @property
    def is_done(self) -> bool:
        """Whether the last word ends a value, so that a statement may end there."""
        last = self.words[-1] if self.words else ""
        is_word = last[:1].isalnum() or last[:1] in ('"', "_")
        return last in _VALUE_ENDS or (is_word and last not in _WORDS_THAT_GO_ON | _HEADS)


@dataclass(frozen=True)
class Place:
    """The brackets around the cursor, outermost first, and the start of the word that is being typed."""

    frames: tuple[Frame, ...]
    word_start: int
    in_literal: bool
    """Inside of a comment, a string or a number: nothing is to be completed."""

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @property
    def braces(self) -> Frame:
        """The innermost body, section or choice; the file itself outside of all."""
        return next(frame for frame in reversed(self.frames) if frame.bracket in ("", "{"))

    @property
    def section(self) -> str | None:
        return next((frame.owner for frame in self.frames if frame.owner in SECTIONS and frame.bracket == "{"), None)


def place_at(text: str, offset: int) -> Place:
    """The place of an offset."""
    tokens = list(_tokens(text, offset))
    last = tokens[-1] if tokens else None
    typed = last is not None and last.lastgroup in ("name", "number") and last.end() == offset
    in_literal = last is not None and last.lastgroup in ("comment", "string", "number") and _is_inside(last, offset)
    frames = [Frame("", "")]
    lines = _Lines(text)
    for token in tokens[:-1] if typed else tokens:
        if token.lastgroup != "comment":
            _take(frames, token, lines.of(token.start()))
    start = last.start() if last is not None and typed else offset
    if frames[-1].bracket in ("", "{") and frames[-1].is_done and lines.of(start) > frames[-1].line:
        frames[-1].words = []
    return Place(tuple(frames), start, in_literal)


def _tokens(text: str, offset: int) -> Iterator[re.Match[str]]:
    return _TOKEN.finditer(text, 0, offset)


def _is_inside(token: re.Match[str], offset: int) -> bool:
    if token.end() < offset:
        return False
    return token.lastgroup != "string" or len(token[0]) < 2 or not token[0].endswith('"')


class _Lines:
    """Numbers of lines, for offsets that only grow."""

    def __init__(self, text: str) -> None:
        self._text, self._offset, self._line = text, 0, 0

    def of(self, offset: int) -> int:
        self._line += self._text.count("\n", self._offset, offset)
        self._offset = offset
        return self._line


def _take(frames: list[Frame], token: re.Match[str], line: int) -> None:
    """Account for one more word before the cursor."""
    frame, text = frames[-1], token[0]
    if text in _CLOSES:
        _close(frames, text, line)
        return
    if frame.bracket in ("", "{") and _begins_statement(frame, token, line):
        frame.words = []
    if text in "([{":
        head = next((word for word in frame.words if word == "choice"), frame.words[0] if frame.words else "")
        before = frame.words[-1] if frame.words else ""
        frames.append(Frame(text, head if text == "{" else before, line=line))
    elif text == ";":
        frame.words = []
    else:
        frame.words.append(text)
    frame.line = line


def _close(frames: list[Frame], text: str, line: int) -> None:
    """A closing bracket closes all that is open inside of its pair; one without a pair is overlooked."""
    matching = [i for i, frame in enumerate(frames) if frame.bracket == _CLOSES[text]]
    if not matching:
        return
    del frames[matching[-1] :]
    frame = frames[-1]
    frame.words = [] if text == "}" else [*frame.words, text]
    frame.line = line


def _begins_statement(frame: Frame, token: re.Match[str], line: int) -> bool:
    if token.lastgroup != "name" or not frame.is_done:
        return False
    in_section = frame.owner in SECTIONS
    starts_line = line > frame.line
    return in_section or starts_line or (token[0] in _HEADS - {"if"})
