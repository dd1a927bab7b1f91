"""Places in an editor's terms, 0-based lines and columns in code units, ↔ offsets in code points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bsnc.diagnostics import Source

Encoding = Literal["utf-8", "utf-16", "utf-32"]
_UNIT_BYTES: dict[Encoding, tuple[str, int]] = {
    "utf-8": ("utf-8", 1),
    "utf-16": ("utf-16-le", 2),
    "utf-32": ("utf-32-le", 4),
}


@dataclass(frozen=True)
class Positions:
    """Converts under the encoding that client and server agreed on; UTF-16 where they did not."""

    encoding: Encoding = "utf-16"

    def offset(self, source: Source, line: int, character: int) -> int:
        """The offset of a position; what lies behind the end of a line or of the text is that end."""
        if line >= len(source.line_starts):
            return len(source.text)
        text, column = source.line(line + 1), 0
        while column < len(text) and character > 0:
            character -= self._units(text[column])
            column += character >= 0
        return source.line_starts[line] + column

    def position(self, source: Source, offset: int) -> tuple[int, int]:
        """(line, character) of an offset."""
        line, column = source.line_column(offset)
        start = source.line_starts[line - 1]
        return line - 1, self._units(source.text[start : start + column - 1])

    def _units(self, text: str) -> int:
        codec, size = _UNIT_BYTES[self.encoding]
        return len(text.encode(codec, "surrogatepass")) // size
