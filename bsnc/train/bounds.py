"""Budgets of a program as the search takes them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsnc.cost import Cost, Given, LinearCost, cost_of
from bsnc.ir import Budget, Graph, Program
from bsnc.search import Limit, LinearBudget, most


class BudgetTable:
    """The K budgets of a program: what architectures cost by each, and their bounds in the costs' units."""

    def __init__(self, program: Program, given: Given | None = None) -> None:
        """`given`: what costs need to know beside the graph."""
        self._costs: list[Cost] = [cost_of(budget.cost, program.graph, given) for budget in program.budgets]
        self.names = [str(budget.cost) for budget in program.budgets]
        pairs = zip(program.budgets, self._costs, strict=True)
        self.bounds = [bound_of(budget, cost, program.graph) for budget, cost in pairs]

    def costs(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` → costs `[B, K]`, float64."""
        if not self._costs:
            return torch.zeros(len(live), 0, dtype=torch.float64)
        return torch.stack([cost(live) for cost in self._costs], dim=1)

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        return tuple(limit_of(cost, bound) for cost, bound in zip(self._costs, self.bounds, strict=True))

    def share_over(self, costs: Tensor) -> float:
        """Of architectures of costs `[N, K]` those that are over any budget."""
        return float((costs > torch.tensor(self.bounds, dtype=torch.float64)).any(1).double().mean())


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
