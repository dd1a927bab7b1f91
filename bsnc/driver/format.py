"""`bsnc fmt`: specs in canonical layout. Never loads torch."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from bsnc.driver.files import MAX_SPEC_BYTES, read_bytes, replace_content, source_of
from bsnc.syntax import format_source

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Formatted:
    """A spec as it is, in bytes, and as it would be laid out."""

    name: str
    before: bytes
    text: str

    @property
    def is_changed(self) -> bool:
        """Encoding marks and line ends count."""
        return self.before != self.text.encode("utf-8")

    def diff(self) -> str:
        """A unified diff; empty where nothing, or nothing but an encoding mark, is changed."""
        before = _LINE.findall(self.before.decode("utf-8-sig"))
        lines = difflib.unified_diff(before, _LINE.findall(self.text), self.name, f"{self.name} (formatted)")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def format_bytes(content: bytes, name: str) -> Formatted:
    """Lay a spec out. Raises Diagnosed (BSN002, and for syntax BSN101 to BSN103)."""
    return Formatted(name, content, format_source(source_of(content, name)))


def format_file(path: Path) -> Formatted:
    """Lay the spec in a file out; the file stays. Raises Diagnosed like `format_bytes`, and BSN001."""
    return format_bytes(read_bytes(path, MAX_SPEC_BYTES), str(path))


def write_formatted(formatted: Formatted) -> None:
    """Rewrite the file that was formatted. Raises Diagnosed (BSN003)."""
    replace_content(Path(formatted.name), formatted.text.encode("utf-8"))
