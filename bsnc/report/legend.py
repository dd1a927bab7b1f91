"""The key below a picture: a colour for each kind of module, and what lines and marks mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bsnc.report.curves import arrow_data
from bsnc.report.looks import Look, Looks, dead_look, probability_look
from bsnc.report.svg import arrow_element, line_element, mark_element, stroke_attributes, text_element
from bsnc.report.theme import FIXED_WIDTH, INK, OTHER_COLOUR, TEXT_SIZE, number, shorten, text_width

_SAMPLE = 34.0
_ROW = 22.0
_BETWEEN = 22.0
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


def legend_width(looks: Looks, least: float) -> float:
    """At least `least`, and enough for the widest entry."""
    return max([least, *(entry.width - _BETWEEN for entry in [*_kinds(looks), *_signs(looks)])])


def draw_legend(looks: Looks, width: float, top: float) -> tuple[list[str], float]:
    """Elements from x = 0 to `width` below `top`, and the y where they end."""
    lines = ['<g class="legend">']
    y = top + _ROW / 2
    for row in [*_table(_kinds(looks), width), *_flow(_signs(looks), width)]:
        lines += [element for x, entry in row for element in _draw(entry, x, y)]
        y += _ROW
    lines.append("</g>")
    return lines, y - _ROW * 0.75


def _kinds(looks: Looks) -> list[Entry]:
    texts = (f"{shorten(kind.signature, _TEXT_MAX)} ({kind.count})" for kind in looks.kinds)
    return [Entry((Look(kind.colour),), text) for kind, text in zip(looks.kinds, texts, strict=True)]


def _signs(looks: Looks) -> list[Entry]:
    """What lines and marks mean, as far as the picture has them."""
    grey, seen = OTHER_COLOUR, set(looks.edges)
    entries: list[Entry] = []
    if any(look.mark == "own" for look in seen):
        entries.append(Entry((Look(grey, mark="own", fill=0),), "gate: keeps or drops the edge"))
    if any(look.mark == "shared" for look in seen):
        entries.append(Entry((Look(grey, mark="shared", fill=0),), "gate shared by several edges"))
    if any(look.mark == "none" and not look.dashed for look in seen):
        entries.append(Entry((Look(grey, FIXED_WIDTH),), "fixed: always kept"))
    if any(look.dashed for look in seen):
        entries.append(Entry((dead_look(grey),), "not live"))
    if looks.weighed:
        ramp = tuple(probability_look(grey, p) for p in (0.0, 0.5, 1.0))
        entries.append(Entry(ramp, "kept with p = 0, 0.5, 1"))
    return entries


def _table(entries: Sequence[Entry], width: float) -> Iterator[list[tuple[float, Entry]]]:
    """Rows of (x, entry), aligned in columns."""
    widest = max((entry.width for entry in entries), default=width)
    columns = max(1, int((width + _BETWEEN) // widest))
    for first in range(0, len(entries), columns):
        yield [(widest * i, entry) for i, entry in enumerate(entries[first : first + columns])]


def _flow(entries: Sequence[Entry], width: float) -> Iterator[list[tuple[float, Entry]]]:
    """Rows of (x, entry), as many in a row as fit."""
    row: list[tuple[float, Entry]] = []
    x = 0.0
    for entry in entries:
        if row and x + entry.width - _BETWEEN > width:
            yield row
            row, x = [], 0.0
        row.append((x, entry))
        x += entry.width
    if row:
        yield row


def _draw(entry: Entry, x: float, y: float) -> list[str]:
    samples = [_sample(look, x + place * _SAMPLE, y) for place, look in enumerate(entry.looks)]
    text_x = number(x + _SAMPLE * len(entry.looks) + 8)
    return [*samples, text_element(text_x, y + 4, entry.text, TEXT_SIZE, INK, anchor="start")]


def _sample(look: Look, x: float, y: float) -> str:
    """A short arrow."""
    tip = x + _SAMPLE - 4
    line = line_element(look, f"M{number(x)},{number(y)}H{number(tip - 8)}")
    arrow = arrow_element(look, arrow_data((tip, y), (1.0, 0.0), look.width))
    mark = "" if look.mark == "none" else mark_element(look, (x + 11, y))
    return f"<g {stroke_attributes(look)}>{line}{arrow}{mark}</g>"
