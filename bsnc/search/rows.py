"""Rows of mixed-integer programs over a graph."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Graph

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

Entry = tuple[int, float]
"""A column and its coefficient."""
Column = NDArray[np.float64]
"""A number for each column."""
LARGE = 2500
"""Programs over more edges than these take so long that who waits is told."""
_log = logging.getLogger(__name__)


class Rows:
    """lower ≤ Σ coefficient · column ≤ upper. Columns come in groups; the first are the switches k [S], which are
    whole, and of which those of a categorical gate add up to 1."""

    def __init__(self, graph: Graph, *groups: int) -> None:
        """`groups`: how many columns each group after the switches has; `starts` says where each begins."""
        if len(graph.edges) > LARGE:
            _log.info("an integer program over %s edges is being solved: that may take minutes", len(graph.edges))
        self.graph = graph
        self.starts = list(accumulate((graph.switch_count, *groups)))
        self.size = self.starts.pop()
        self._entries: list[tuple[int, int, float]] = []
        self._lower: list[float] = []
        self._upper: list[float] = []
        for gate, switches in zip(graph.gates, graph.gate_switches, strict=True):
            if gate.kind == "categorical":
                self.row([(switch, 1.0) for switch in switches], 1.0, 1.0)

    def row(self, entries: Sequence[Entry], lower: float = -np.inf, upper: float = np.inf) -> None:
        number = len(self._lower)
        self._entries += [(number, column, coefficient) for column, coefficient in entries]
        self._lower.append(lower)
        self._upper.append(upper)

    def minimise(
        self,
        objective: Column,
        lower: Column,
        upper: Column,
        below: Sequence[tuple[Column, float]] = (),
        **options: Any,
    ) -> OptimizeResult:
        """The least of an objective: columns lie between `lower` and `upper`, `below` are more rows, their coefficients
        of all columns and their upper bound. SciPy, which takes its time to load, is only loaded here."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import coo_array

        numbers, columns, coefficients = zip(*self._entries, strict=True)
        matrix = coo_array((coefficients, (numbers, columns)), shape=(len(self._lower), self.size)).tocsr()
        own = LinearConstraint(matrix, cast(Any, self._lower), cast(Any, self._upper))
        whole = np.zeros(self.size)
        whole[: self.graph.switch_count] = 1
        return milp(
            objective,
            integrality=whole,
            bounds=Bounds(cast(Any, lower), cast(Any, upper)),
            constraints=[own, *(LinearConstraint(row, -np.inf, bound) for row, bound in below)],
            options={"mip_rel_gap": 0.0, **options},
        )
