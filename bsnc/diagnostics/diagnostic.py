"""What the compiler has to say about a user's input."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bsnc.diagnostics.codes import CODES
from bsnc.diagnostics.source import SourceSpan

Severity = Literal["error", "warning"]
_MAX_CANDIDATES = 1_000


@dataclass(frozen=True)
class Label:
    """A secondary place with a word on why it matters."""

    span: SourceSpan
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """One message: what is wrong, where, what else is involved, and what to do.

    `span` is None where no source line is at fault (a missing file, an option); `subject` then names what is.
    """

    code: str
    message: str
    span: SourceSpan | None = None
    subject: str | None = None
    caption: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"diagnostic code {self.code} is not in the table")

    @property
    def severity(self) -> Severity:
        return CODES[self.code].severity

    @property
    def exit_status(self) -> int:
        """What the process should exit with on account of this message."""
        if self.severity == "warning":
            return 0
        return 2 if CODES[self.code].environment else 1

    def as_json(self) -> dict[str, object]:
        """The shape of `check --json`: lines and columns are 1-based, the end is exclusive."""
        span = self.span
        return {
            "code": self.code,
            "severity": self.severity,
            "file": span.source.name if span else self.subject,
            "line": span.line if span else None,
            "column": span.column if span else None,
            "end_line": span.end_line if span else None,
            "end_column": span.end_column if span else None,
            "message": self.message,
            "help": self.help,
        }


class Diagnosed(Exception):  # noqa: N818 — a user's mistake on its way up, not a fault of ours
    """Carries diagnostics out of a phase that cannot go on. The driver catches it; users never see it raw."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(d.message for d in diagnostics))
        self.diagnostics = list(diagnostics)


def error_in_short(error: BaseException) -> str:
    """What the user's own code raised, on one line: `ValueError: no such device`."""
    try:
        lines = str(error).strip().splitlines()
    except (Exception, SystemExit):  # a `__str__` of the user's may fail too
        lines = []
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    """`1 class`, `2 classes`: the plural has an `s` where none is given."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


def first_line(error: BaseException) -> str:
    """Of what an error says; its type where that is nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether anything is worse than a warning."""
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def exit_status(diagnostics: Iterable[Diagnostic]) -> int:
    """0 when only warnings remain, 1 when the spec or the model is at fault, 2 for usage and I/O."""
    return max((d.exit_status for d in diagnostics), default=0)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A help line with the closest known name, or, if there are few, all of them; None when neither fits."""
    candidates = sorted(set(known))
    close = _closest(name, candidates)
    if close:
        return f"did you mean `{close}`?"
    if len(candidates) == 1:
        return f"only `{candidates[0]}` is known here"
    if 0 < len(candidates) <= 12:
        return "one of " + ", ".join(f"`{c}`" for c in candidates)
    return None


def _closest(name: str, candidates: Sequence[str]) -> str | None:
    """The same word in other case, else a word of nearly the same letters, else one that it begins with."""
    if len(candidates) > _MAX_CANDIDATES:
        candidates = sorted(candidates, key=lambda c: abs(len(c) - len(name)))[:_MAX_CANDIDATES]
    same = [c for c in candidates if c.casefold() == name.casefold()]
    close = same or difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    begins = [c for c in candidates if len(c) >= 3 and name.startswith(c)]
    return next(iter([*close, *sorted(begins, key=len, reverse=True)]), None)
