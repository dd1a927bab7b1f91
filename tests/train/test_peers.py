"""Which of the architectures that held-out examples cannot tell apart is taken."""

import pytest
import torch

from bsnc.ir import Budget, CostKey, Program
from bsnc.train import BudgetTable
from bsnc.train.peers import costliest_peer, peers_of
from tests.laws.build import conv, network

FORK = network((1, 2, 2), {"y": []}, [("x", "y", [conv(1, 1)]), ("x", "y", [conv(1, 1)]), ("x", "y", [conv(1, 3)])])
"""Edges of 4, 4 and 36 multiply-adds."""
CHEAP, TWO, DEAR = (torch.tensor(row) for row in ([True, False, False], [True, True, False], [False, False, True]))


def test_peers_are_within_one_standard_error_of_the_difference_example_by_example() -> None:
    losses = torch.tensor([1.0, 5.0, 2.0, 9.0])
    by_half = losses + torch.tensor([0.0, 1.0, 0.0, 1.0])  # a mean of 0.5 with an error of 0.25
    by_one_example = losses + torch.tensor([1.5, 0.0, 0.0, -0.2])  # a mean of 0.325 with an error of 0.342
    judged = [(TWO, by_half), (CHEAP, losses), (DEAR, by_one_example)]
    assert peers_of(CHEAP, judged).tolist() == [CHEAP.tolist(), DEAR.tolist()]


def test_of_peers_that_cost_alike_the_best_is_taken_and_never_one_that_is_unconnected() -> None:
    free = network((1, 2, 2), {"y": []}, [("x", "y", ["identity"]), ("x", "y", ["relu"])])
    table = BudgetTable(Program(graph=free, budgets=(Budget(cost=CostKey(name="flops"), bound=5.0),)))
    unconnected, one, other = (torch.tensor(row) for row in ([False, False], [True, False], [False, True]))
    assert torch.equal(costliest_peer(other, torch.stack([unconnected, one, other]), table), other)


@pytest.mark.parametrize(("bounds", "taken"), [([40.0], DEAR), ([10.0], TWO), ([], CHEAP)])
def test_of_peers_the_costliest_within_the_budgets_is_taken(bounds: list[float], taken: torch.Tensor) -> None:
    budgets = tuple(Budget(cost=CostKey(name="flops"), bound=bound) for bound in bounds)
    table = BudgetTable(Program(graph=FORK, budgets=budgets))
    assert torch.equal(costliest_peer(CHEAP, torch.stack([TWO, CHEAP, DEAR]), table), taken)
