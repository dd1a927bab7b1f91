"""What a graph pass is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from bsnc.ir import Graph


@dataclass(frozen=True)
class PassResult:
    """The graph after a pass, and whether the pass changed it."""

    graph: Graph
    modified: bool


class GraphPass(ABC):
    """Valid graph in, valid graph out. The docstring says whether it is exact, and what it does not do."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, graph: Graph) -> PassResult: ...
