"""Budgets of a program as the search's programs take them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bsnc.cost import LinearCost
from bsnc.ir import Budget, Graph
from bsnc.search import LinearBudget, costliest


def as_linear(cost: LinearCost, bound: float = np.inf) -> LinearBudget:
    """`cost ≤ bound` for the search's programs."""
    weights = (cost.edge_weights.numpy(), cost.node_weights.numpy())
    return LinearBudget(*weights, bound, cost.pair_weights.numpy())


def bounds_of(budgets: Sequence[Budget], costs: Sequence[LinearCost], graph: Graph) -> list[float]:
    """The bound of each budget in its cost's unit: shares are of the costliest architecture."""
    return [
        budget.resolve(costliest(graph, as_linear(cost)) if budget.of_max else 0.0)
        for budget, cost in zip(budgets, costs, strict=True)
    ]
