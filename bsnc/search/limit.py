"""A bound on any cost, as projection takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bsnc.search.architecture import LinearBudget

Count = Callable[[NDArray[np.bool_]], NDArray[np.float64]]
"""Live edges `[B, E]` → costs `[B]`."""


@dataclass(frozen=True)
class Limit:
    """`count(live) ≤ bound`.

    `below` are linear budgets that hold wherever this limit holds; where `is_linear` the one there is says the same.
    `floor` is a cost that never falls where live edges are added and never exceeds `count`; `grows`: it is `count`.
    """

    count: Count
    bound: float
    floor: Count
    below: tuple[LinearBudget, ...] = ()
    is_linear: bool = False
    grows: bool = False

    def holds(self, live: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Live edges `[B, E]` → whether each row is within the bound, `[B]`."""
        return self.count(live) <= self.bound
