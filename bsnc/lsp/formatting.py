"""Formatting: the layout of `bsnc fmt`."""

from __future__ import annotations

from bsnc.diagnostics import Diagnosed
from bsnc.lsp.document import Document
from bsnc.syntax import format_source


def formatted(document: Document) -> str | None:
    """The text in canonical layout; None where it does not parse, or is in it already."""
    try:
        text = format_source(document.source)
    except Diagnosed:
        return None
    return None if text == document.source.text else text
