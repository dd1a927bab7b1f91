"""One mistake, one error; several mistakes, several errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from bsnc.diagnostics import Diagnosed, Diagnostic

T = TypeVar("T")


class PoisonedError(Exception):
    """The expression uses a name whose own declaration was already reported."""


def together(parts: Iterable[Callable[[], T]]) -> list[T]:
    """The results of all parts. Each is tried, so that independent mistakes are reported in one run."""
    results: list[T] = []
    mistakes: list[Diagnostic] = []
    poisoned = False
    for part in parts:
        try:
            results.append(part())
        except PoisonedError:
            poisoned = True
        except Diagnosed as mistake:
            mistakes += mistake.diagnostics
            if any(d.code == "BSN213" for d in mistakes):
                break
    if mistakes:
        raise Diagnosed(*mistakes)
    if poisoned:
        raise PoisonedError
    return results
