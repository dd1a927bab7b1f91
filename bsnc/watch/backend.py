"""What a tool for logs has to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bsnc.ir import Graph
    from bsnc.train import Probabilities


class Backend(Protocol):
    """Keeps logs of one run, open from its making on."""

    @property
    def key(self) -> str:
        """By which the tool finds the run again."""
        ...

    def scalars(self, values: Mapping[str, float], step: int) -> None: ...

    def gates(self, graph: Graph, probabilities: Probabilities, step: int) -> None:
        """What the gates of a graph are likely to be."""
        ...

    def close(self) -> None: ...


def flat(probabilities: Probabilities) -> list[float]:
    """Of every gate, and of every option."""
    values: list[float] = []
    for p in probabilities.values():
        values += [*p.values()] if isinstance(p, Mapping) else [p]
    return values
