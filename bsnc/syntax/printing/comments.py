"""Where comments go: behind the element before them if they stand on its line, else above the element after them.

A comment in the middle of an element moves above it, so that no line is broken in a place that changes its meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bsnc.syntax.printing.document import Body, Brackets, Chain, Comment, Element, Part, Word


def settle(elements: Sequence[Element], end: Sequence[Comment]) -> list[Comment]:
    """Hand the comments of all words to elements; `end`: those behind the last. Returns what stays below the last."""
    above: Element | None = None
    for element in elements:
        word = element.first_word
        element.after_blank = word.token is not None and word.token.after_blank
        element.leading = _trail(above, word.take_comments())
        _settle_inside(element)
        above = element
    return _trail(above, end)


def _trail(element: Element | None, comments: Sequence[Comment]) -> list[Comment]:
    """The first comment goes behind an element that stands on its line; the others are returned."""
    if element is None or not comments or not comments[0].follows:
        return list(comments)
    element.trailing = comments[0]
    return list(comments[1:])


def _settle_inside(element: Element) -> None:
    stray = _Stray(element.first_word)
    stray.settle(element.parts)
    if not stray.comments:
        return
    if not element.leading and element.after_blank:
        stray.comments[0] = replace(stray.comments[0], after_blank=True)
        element.after_blank = False
    element.leading += stray.comments


class _Stray:
    """Collects the comments between the words of an element, past its first."""

    def __init__(self, first: Word) -> None:
        self.comments: list[Comment] = []
        self._first = first
        self._body: Body | None = None

    def settle(self, parts: Sequence[Part]) -> None:
        for part in parts:
            match part:
                case Word():
                    self._take(part)
                case Chain():
                    self._settle_chain(part)
                case Brackets():
                    self._take(part.opening)
                    part.last = settle(part.items, part.closing.take_comments())
                case Body():
                    self._settle_body(part)

    def _take(self, word: Word) -> None:
        if word is self._first:
            return
        stray = [replace(c, follows=False, after_blank=False) for c in word.take_comments()]
        if self._body is None:
            self.comments += stray
        else:
            self._body.last += stray

    def _settle_chain(self, chain: Chain) -> None:
        """The first link shares the line of what stands before it, so its comments are the element's."""
        first, *others = chain.links
        self.settle(first.parts)
        above = first
        for link in others:
            link.leading = _trail(above, link.first_word.take_comments())
            _settle_inside(link)
            above = link

    def _settle_body(self, body: Body) -> None:
        """What stands before a brace, or behind an opening one, goes behind it."""
        body.first = body.opening.take_comments()
        body.last = settle(body.statements, body.closing.take_comments())
        inside = body.statements[0].leading if body.statements else body.last
        if inside and inside[0].follows:
            body.first.append(inside.pop(0))
        self._body = body
