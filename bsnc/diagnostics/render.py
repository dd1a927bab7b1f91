"""Diagnostics as text: `full` with excerpts and carets, `concise` on one line each, `json` as a list."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence

from bsnc.diagnostics.diagnostic import Diagnostic
from bsnc.diagnostics.source import SourceSpan

_ANSI = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "frame": "\x1b[1;34m", "bold": "\x1b[1m"}
_RESET = "\x1b[0m"
_MAX_EXCERPT = 160
_MAX_MESSAGE = 600


def _paint(text: str, style: str, colour: bool) -> str:
    return f"{_ANSI[style]}{text}{_RESET}" if colour and text else text


def _printable(text: str) -> str:
    """Source text made safe for a terminal: tabs widened, control characters shown as a replacement mark."""
    safe = (
        "    " if c == "\t" else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" else c for c in text
    )
    return "".join(safe)


def _width(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _clip(text: str) -> str:
    """A message may quote the user's text or errors of their code, of any length and with any characters."""
    return _printable(text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…")


def _excerpt(span: SourceSpan, mark: str, caption: str) -> tuple[int, str, str]:
    """(line number, source line, underline) for the first line that a span touches; long lines are cut."""
    line, column = span.line, span.column
    text = span.source.line(line)
    end = span.end_column - 1 if span.end_line == line else len(text)
    start = column - 1
    cut = max(0, start - _MAX_EXCERPT // 2) if len(text) > _MAX_EXCERPT else 0
    window = text[cut : cut + _MAX_EXCERPT]
    prefix = _printable(text[cut:start])
    marked = _printable(text[start : min(max(end, start + 1), cut + _MAX_EXCERPT)])
    underline = " " * _width(prefix) + mark * max(1, _width(marked))
    return line, _printable(window), f"{underline} {caption}".rstrip()


def _excerpts(diagnostic: Diagnostic, gutter: int, colour: bool) -> list[str]:
    assert diagnostic.span is not None
    primary_file = diagnostic.span.source.name
    marks = [(diagnostic.span, "^", diagnostic.caption)]
    marks += [(label.span, "-", label.text) for label in diagnostic.labels]
    bar = _paint(" " * gutter + " |", "frame", colour)
    out: list[str] = []
    shown: tuple[str, str] | None = None
    for span, mark, caption in marks:
        is_primary = mark == "^"
        line, text, underline = _excerpt(span, mark, caption)
        if is_primary or span.source.name != primary_file:
            arrow = _paint(" " * gutter + "-->", "frame", colour)
            out.append(f"{arrow} {span}")
        if shown != (f"{span.source.name}:{line}", text):
            out.append(bar)
            out.append(f"{_paint(f'{line:>{gutter}} |', 'frame', colour)} {text}".rstrip())
        shown = (f"{span.source.name}:{line}", text)
        style = diagnostic.severity if is_primary else "frame"
        out.append(f"{bar} {_paint(underline, style, colour)}")
    return out


def render_full(diagnostic: Diagnostic, colour: bool = False) -> str:
    """The message with source excerpts, carets, secondary labels, notes and help."""
    severity = diagnostic.severity
    head = _paint(f"{severity}[{diagnostic.code}]", severity, colour)
    lines = [f"{head}{_paint(': ' + _clip(diagnostic.message), 'bold', colour)}"]
    spans = [diagnostic.span, *(label.span for label in diagnostic.labels)]
    gutter = max((len(str(s.line)) for s in spans if s is not None), default=1)
    if diagnostic.span is not None:
        lines += _excerpts(diagnostic, gutter, colour)
    elif diagnostic.subject:
        lines.append(f"{_paint(' ' * gutter + '-->', 'frame', colour)} {diagnostic.subject}")
    trailer = [("note", n) for n in diagnostic.notes]
    trailer += [("help", diagnostic.help)] if diagnostic.help else []
    mark = _paint(" " * gutter + " =", "frame", colour)
    lines += [f"{mark} {_paint(kind, 'bold', colour)}: {text}" for kind, text in trailer]
    return "\n".join(lines)


def render_concise(diagnostic: Diagnostic) -> str:
    """`file:line:column: severity[CODE] message`, on one line."""
    where = str(diagnostic.span) if diagnostic.span else (diagnostic.subject or "bsnc")
    return f"{where}: {diagnostic.severity}[{diagnostic.code}] {_clip(diagnostic.message)}"


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A JSON list in the shape of `Diagnostic.as_json`."""
    return json.dumps([d.as_json() for d in diagnostics], indent=2)
