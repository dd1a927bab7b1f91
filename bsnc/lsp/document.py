"""An open spec: its text, what the checker says of it, and the last version of it that parsed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from bsnc.diagnostics import Diagnosed, Source, SourceSpan
from bsnc.sema import Analysis, Loader, analyse
from bsnc.syntax import ast, parse_spec


@dataclass(frozen=True)
class Parsed:
    """A text with its syntax and its analysis."""

    source: Source
    spec: ast.Spec
    analysis: Analysis


@dataclass(frozen=True)
class Document:
    """A version of an open spec.

    While one types, a text rarely parses. `parsed` then is the last version that did; offsets of the two correspond
    before and behind the stretch in which they differ.
    """

    source: Source
    analysis: Analysis
    parsed: Parsed | None
    loader: Loader

    def to_parsed(self, offset: int) -> int:
        """The offset in the last version that parsed of an offset in the text."""
        assert self.parsed is not None
        return _corresponding(self.source.text, self.parsed.source.text, offset)

    def from_parsed(self, span: SourceSpan) -> SourceSpan:
        """The place in the text of a place in the last version that parsed; places in other files stay."""
        if self.parsed is None or span.source is not self.parsed.source or span.source is self.source:
            return span
        old, new = self.parsed.source.text, self.source.text
        return SourceSpan(self.source, _corresponding(old, new, span.start), _corresponding(old, new, span.end))

    def imported(self, item: ast.Import) -> tuple[Source, ast.Spec] | None:
        """The file that an `import` names, where it can be read and parsed."""
        try:
            source = self.loader(item.span.source, item.path.value)
            return source, parse_spec(source)
        except Diagnosed:
            return None


def open_document(source: Source, loader: Loader, before: Document | None = None) -> Document:
    """Check a text; `before` is the version of it that was open until now."""
    analysis = analyse(source, loader=loader)
    if analysis.spec is not None:
        return Document(source, analysis, Parsed(source, analysis.spec, analysis), loader)
    return Document(source, analysis, before.parsed if before else None, loader)


@lru_cache(maxsize=16)
def _shared(here: str, there: str) -> tuple[int, int]:
    """How many characters two texts share at their start, and how many others at their end."""
    prefix = _common(here, there)
    return prefix, _common(here[prefix:][::-1], there[prefix:][::-1])


def _common(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _corresponding(here: str, there: str, offset: int) -> int:
    """Where a place in `here` is `there`, a later or earlier version of it; where it is new, where it was put in."""
    prefix, suffix = _shared(here, there)
    if offset <= prefix:
        return offset
    behind = len(here) - offset
    return len(there) - behind if behind <= suffix else prefix
