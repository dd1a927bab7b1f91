"""Budgets of a program as the search's programs take them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bsnc.cost import Cost, LinearCost
from bsnc.ir import Budget, Graph
from bsnc.search import Limit, LinearBudget, most


def limit_of(cost: Cost, bound: float = np.inf) -> Limit:
    """`cost ≤ bound` for the search."""

    def count(live: NDArray[np.bool_]) -> NDArray[np.float64]:
        return cost(torch.from_numpy(live)).numpy()

    def floor(live: NDArray[np.bool_]) -> NDArray[np.float64]:
        return cost.lower_bound(torch.from_numpy(live)).numpy()

    below = tuple(_linear(part, bound) for part in cost.below)
    return Limit(count, bound, floor, below, isinstance(cost, LinearCost), cost.grows)


def _linear(cost: LinearCost, bound: float) -> LinearBudget:
    weights = (cost.edge_weights.numpy(), cost.node_weights.numpy())
    return LinearBudget(*weights, bound, cost.pair_weights.numpy(), cost.constant)


def bound_of(budget: Budget, cost: Cost, graph: Graph) -> float:
    """The bound of a budget in its cost's unit: a share is one of the costliest architecture."""
    return budget.resolve(most(graph, limit_of(cost)).value if budget.of_max else 0.0)
