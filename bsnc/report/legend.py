"""The key below a picture: a colour for each kind of module, and what lines and marks mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bsnc.report.curves import arrow_data
from bsnc.report.looks import Look, Looks, dead_look, probability_look
from bsnc.report.svg import arrow_element, line_element, mark_element, stroke_attributes, text_element
from bsnc.report.theme import FIXED_WIDTH, INK, OTHER_COLOUR, TEXT_SIZE, number, shorten, text_width

_SAMPLE = 34.0
_ROW = 22.0
_BETWEEN = 26.0
_TEXT_MAX = 76


@dataclass(frozen=True)
class Entry:
    """Samples drawn side by side, and what they mean."""

    looks: tuple[Look, ...]
    text: str

    @property
    def width(self) -> float:
        """In px, with the space after it."""
        return _SAMPLE * len(self.looks) + 8 + text_width(self.text, TEXT_SIZE) + _BETWEEN


def legend_entries(looks: Looks) -> tuple[list[Entry], list[Entry]]:
    """Entries for the kinds of modules, and entries for lines and marks that the picture has."""
    kinds = [
        Entry((Look(kind.colour),), f"{shorten(kind.signature, _TEXT_MAX)}  ({kind.count})")
        for kind in looks.kinds
    ]
    grey = OTHER_COLOUR
    keys: list[tuple[Callable[[Look], bool], Entry]] = [
        (lambda k: k.mark == "own", Entry((Look(grey, mark="own", fill=0),), "gate")),
        (lambda k: k.mark == "shared", Entry((Look(grey, mark="shared", fill=0),), "gate of several edges")),
        (
            lambda k: k.mark == "none" and not k.dashed,
            Entry((Look(grey, FIXED_WIDTH),), "fixed, always kept"),
        ),
        (lambda k: k.dashed, Entry((dead_look(grey),), "not live")),
    ]
    signs = [entry for used, entry in keys if any(used(look) for look in looks.edges)]
    if looks.weighed:
        ramp = tuple(probability_look(grey, p) for p in (0.0, 0.5, 1.0))
        signs.append(Entry(ramp, "gate kept with p = 0, 0.5, 1"))
    return kinds, signs


def legend_width(looks: Looks, least: float) -> float:
    """At least `least`, and enough for the widest entry."""
    kinds, signs = legend_entries(looks)
    return max(least, *(entry.width - _BETWEEN for entry in [*kinds, *signs]))


def draw_legend(looks: Looks, width: float, top: float) -> tuple[list[str], float]:
    """Elements from x = 0 to `width` below `top`, and the y where they end."""
    lines = ['<g class="legend">']
    y = top + _ROW / 2
    for section in legend_entries(looks):
        for row in _rows(section, width):
            lines += _draw_row(row, y)
            y += _ROW
    lines.append("</g>")
    return lines, y - _ROW / 2


def _rows(entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    """As many entries in each row as fit."""
    rows: list[list[Entry]] = []
    used = width
    for entry in entries:
        if used + entry.width - _BETWEEN > width:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += entry.width
    return rows


def _draw_row(row: Sequence[Entry], y: float) -> list[str]:
    lines: list[str] = []
    x = 0.0
    for entry in row:
        for place, look in enumerate(entry.looks):
            lines.append(_sample(look, x + place * _SAMPLE, y))
        text_x = x + _SAMPLE * len(entry.looks) + 8
        lines.append(text_element(number(text_x), y + 4, entry.text, TEXT_SIZE, INK, anchor="start"))
        x += entry.width
    return lines


def _sample(look: Look, x: float, y: float) -> str:
    """A short arrow."""
    tip = x + _SAMPLE - 4
    line = line_element(look, f"M{number(x)},{number(y)}H{number(tip - 8)}")
    arrow = arrow_element(look, arrow_data((tip, y), (1.0, 0.0)))
    mark = "" if look.mark == "none" else mark_element(look, (x + 11, y))
    return f"<g {stroke_attributes(look)}>{line}{arrow}{mark}</g>"
