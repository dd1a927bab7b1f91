"""Problems without a network, and the ledger that counts what evaluating their losses costs."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bsnc.ir import Graph, verify
from bsnc.search import Gates, Ledger, Problem, every_sample, free_gates, limit_of_function
from tests.laws.brute_force import every_choice
from tests.laws.strategies import law, networks


class Spy:
    """A loss that counts edges, and remembers what it was asked."""

    def __init__(self) -> None:
        self.switches: list[bytes] = []
        self.live: list[bytes] = []

    def __call__(self, switches: Tensor, live: Tensor) -> Tensor:
        self.switches += [row.numpy().tobytes() for row in switches]
        self.live += [row.numpy().tobytes() for row in live]
        return live.float().sum(1) % 3


@law(60)
@given(networks(max_nodes=6, max_gates=6), st.booleans(), st.integers(1, 40), st.integers(0, 99))
def test_each_architecture_is_evaluated_once_and_never_more_than_the_limit(graph, of_live, limit, seed) -> None:
    spy, gates = Spy(), Gates(graph, 0.5)
    ledger, generator = Ledger(Problem(graph, spy, of_live=of_live), limit), torch.Generator().manual_seed(seed)
    asked: dict[bytes, None] = {}
    for _ in range(6):
        sample = gates.sample(9, generator)
        keys = [row.numpy().tobytes() for row in (sample.live if of_live else sample.switches)]
        asked |= dict.fromkeys(keys)
        losses, affordable = ledger(sample.switches, sample.live), list(asked)[:limit]
        for key, loss, live in zip(keys, losses.tolist(), sample.live, strict=True):
            assert loss == int(live.sum()) % 3 if key in affordable else np.isnan(loss)
    assert (spy.live if of_live else spy.switches) == affordable
    assert ledger.used == len(affordable) and ledger.is_spent == (len(affordable) == limit)


EIGHT = free_gates([1, 1, 1])


def ledger_of_eight(losses: list[float]) -> Ledger:
    """All samples of three gates, evaluated in the order of counting; those of three gates that are on are over a
    limit."""
    rows = torch.from_numpy(every_sample(EIGHT))
    numbers = rows.long() @ torch.tensor([4, 2, 1])
    table = {int(number): loss for number, loss in zip(numbers, losses, strict=True)}

    def loss(switches: Tensor, live: Tensor) -> Tensor:
        return torch.tensor([table[int(n)] for n in switches.long() @ torch.tensor([4, 2, 1])])

    limit = limit_of_function(lambda live: live.sum(1).astype(float), 5)
    ledger = Ledger(Problem(EIGHT, loss, (limit,)), 8)
    ledger(rows, Gates(EIGHT, 0.5).live(rows))
    return ledger


def test_the_best_are_the_feasible_ones_of_least_loss_and_of_equal_ones_the_first() -> None:
    ledger = ledger_of_eight([3.0, 1.0, 2.0, 1.0, 5.0, 1.0, 2.0, 0.0])
    assert [seen.order for seen in ledger.best(6)] == [1, 3, 5, 2, 6, 0]
    assert len(ledger.best(99)) == 7 and [seen.feasible for seen in ledger.seen] == [True] * 7 + [False]


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_names_the_edges_of_its_architecture(loss: float) -> None:
    with pytest.raises(FloatingPointError) as caught:
        ledger_of_eight([0.0] * 5 + [loss, 0.0, 0.0])
    assert f"g[0]=on, fixed[0], fixed[1], g[2]=on, fixed[2] is {loss}" in str(caught.value)


@law(40)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_free_gates_have_a_live_edge_for_every_switch_that_is_on_and_are_always_connected(values: list[int]) -> None:
    graph = free_gates(values)
    verify(graph)
    choices = every_choice(graph)
    assert len(choices.switches) == np.prod([max(2, value) for value in values])
    assert graph.switch_count == sum(values) and choices.connected.all()
    of_switch = [graph.edge_switches.index(switch) for switch in range(graph.switch_count)]
    assert np.array_equal(choices.live[:, of_switch], choices.switches)
    assert choices.live.sum(1).tolist() == (choices.switches.sum(1) + len(values)).tolist()


@law(60)
@given(networks(max_nodes=6, max_gates=6), st.lists(st.integers(0, 9), min_size=1, max_size=3))
def test_costs_and_feasibility_are_those_of_all_choices(graph: Graph, bounds: list[int]) -> None:
    """The k-th cost counts edges whose number k + 1 divides."""
    limits = tuple(
        limit_of_function(lambda live, step=k + 1: live[:, ::step].sum(1).astype(float), bound)
        for k, bound in enumerate(bounds)
    )
    problem, choices = Problem(graph, Spy(), limits), every_choice(graph)
    live = torch.from_numpy(choices.live)
    expected = [[sum(row[:: k + 1]) for k in range(len(bounds))] for row in choices.live.tolist()]
    within = (np.array(expected) <= bounds).all(1) & choices.connected
    assert problem.costs(live).tolist() == expected and problem.bounds == bounds
    assert problem.feasible(live).tolist() == within.tolist()
    assert Problem(graph, Spy()).costs(live).shape == (len(live), 0)
    assert Problem(graph, Spy()).feasible(live).tolist() == choices.connected.tolist()
