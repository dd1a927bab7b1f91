"""Sizes (in px), colours and small text helpers of the pictures."""

from __future__ import annotations

from html import escape

FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
NAME_SIZE = 12
SHAPE_SIZE = 10
TEXT_SIZE = 11.5

MARGIN = 24
NODE_HEIGHT = 36
NODE_HEIGHT_MAX = 130
NODE_WIDTH_MIN = 62
PORT_PITCH = 9
GATE_RADIUS = 3.8
ARROW_LENGTH = 8
ARROW_WIDTH = 6.4
NAME_LENGTH_MAX = 26

GATED_WIDTH = 1.5
FIXED_WIDTH = 3.0

_NARROW = frozenset("iljftI.,:;'|![](){} ")
_WIDE = frozenset("mwMW@%—…")

INK = "#1f2937"
FAINT_INK = "#64748b"
PALE = "#cbd5e1"
OTHER_COLOUR = "#8a8f98"
PALETTE = (
    "#2563b8",
    "#d9480f",
    "#2b8a3e",
    "#9c36b5",
    "#b58100",
    "#0b8a9e",
    "#c2255c",
    "#5c4a3a",
    "#6b7fd7",
    "#74a12e",
    "#e07bb0",
    "#3d4f66",
)
"""Distinct on white, also for the commonest colour-vision deficiencies in the first few."""


def number(value: float) -> str:
    """One decimal at most: `12`, `12.5`."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Upper estimate in px, over common sans-serif fonts (DejaVu Sans is about the widest)."""
    return sum(_glyph_width(c) for c in text) * size * (1.0 if bold else 0.88)


def _glyph_width(c: str) -> float:
    if c in _NARROW:
        return 0.45
    if c in _WIDE or c >= "\u2e80":
        return 1.12
    return 0.8 if c.isupper() or c in "×+~#" else 0.7


def shorten(text: str, length: int) -> str:
    """At most `length` characters, with an ellipsis in the middle where some are left out."""
    if len(text) <= length:
        return text
    head = (length - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def xml_text(text: str) -> str:
    """Escaped for XML 1.0; characters that XML cannot hold become `�`."""
    return "".join(c if c in "\n\t" or (c >= " " and c not in "\ufffe\uffff") else "\ufffd" for c in escape(text))
