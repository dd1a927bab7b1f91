"""Specs that were written for a GPU: their budgets are those of Veniat & Denoyer (2018), can be met and leave most of
the space out; the fabrics are those of the other specs."""

from __future__ import annotations

import pytest

from bsnc.cost import cost_of
from bsnc.ir import CostKey, Gate
from bsnc.search import least, most
from bsnc.train import limit_of
from tests.specs.support import FLOPS, PARAMS, choosing, cost, costs, graph, program

AS_THE_PAPER = CostKey(name="flops", options=(("count", "veniat2018"),))
BOUNDS = {
    "b_cnf_cifar10": 103e6,
    "b_cnf_cifar100": 103e6,
    "b_resnet_cifar10": 39.25e6,
    "b_resnet_cifar100": 39.25e6,
    "modern_103m_cifar10": 103e6,
    "modern_39m_cifar10": 39.25e6,
}


@pytest.mark.parametrize("spec", BOUNDS)
def test_both_counts_are_held_to_the_papers_budget(spec: str) -> None:
    """Which some architecture meets, and which is below half of the costliest."""
    recipe = program(spec)
    assert {budget.cost: budget.bound for budget in recipe.budgets} == dict.fromkeys(
        (AS_THE_PAPER, FLOPS), BOUNDS[spec]
    )
    for budget in recipe.budgets:
        limit = limit_of(cost_of(budget.cost, recipe.graph))
        assert least(recipe.graph, limit).value < budget.bound / 2
        assert budget.bound < most(recipe.graph, limit).value / 2


@pytest.mark.parametrize("key", [FLOPS, PARAMS, AS_THE_PAPER], ids=str)
@pytest.mark.parametrize(("recipe", "fabric"), [("b_cnf_cifar10", "cnf"), ("b_resnet_cifar10", "resnet_fabric")])
def test_a_fabric_costs_what_its_own_spec_does(recipe: str, fabric: str, key: CostKey) -> None:
    """The whole, and without every third edge."""
    one, other = graph(recipe), graph(fabric)
    assert len(one.edges) == len(other.edges)
    for kept in (lambda gate: 1, lambda gate: int(every_third(gate.name))):
        assert cost(key, one, choosing(one, kept)) == cost(key, other, choosing(other, kept))


def every_third(name: str) -> bool:
    """Alike for `h[0,0]->h[1,0]` and `logits/cnf.h[0,0]->.h[1,0]`."""
    bare = name.replace("logits/cnf.", "").replace("logits/resnet_fabric.", "").replace("->.", "->")
    return sum(map(ord, bare)) % 3 > 0


@pytest.mark.parametrize("spec", ["b_cnf", "b_resnet"])
def test_its_twin_has_a_hundred_classes_and_else_the_same(spec: str) -> None:
    ten, hundred = program(f"{spec}_cifar10"), program(f"{spec}_cifar100")
    assert (ten.search, ten.train, ten.budgets) == (hundred.search, hundred.train, hundred.budgets)
    assert hundred.data.label == "fine_label" and hundred.graph.output.shape == (100,)
    apart = cost(FLOPS, hundred.graph, choosing(hundred.graph, keep)) - cost(
        FLOPS, ten.graph, choosing(ten.graph, keep)
    )
    assert apart == 64 * 90


def keep(_: Gate) -> int:
    return 1


def unit(c: int, positions: int, option: int) -> tuple[int, int]:
    """Multiply-adds and parameters of an option, in the order of the spec: none, inverted residuals, full ones."""
    if option == 0:
        return 0, 0
    hidden = c // 4
    squeeze = (2 * c * hidden, 2 * c * hidden + hidden + c)
    if option > 8:
        flops, params = 2 * c * c * 9 * positions, 2 * (c * c * 9 + 2 * c)
        return (flops + squeeze[0], params + squeeze[1]) if option == 10 else (flops, params)
    k, expand, excite = ([(k, e, x) for k in (3, 5) for e in (2, 4) for x in (False, True)])[option - 1]
    wide = c * expand
    hidden = wide // 4
    flops = (2 * c * wide + wide * k * k) * positions + excite * 2 * wide * hidden
    params = 2 * c * wide + wide * k * k + 4 * wide + 2 * c + excite * (2 * wide * hidden + hidden + wide)
    return flops, params


@pytest.mark.parametrize("option", range(11))
def test_units_by_hand(option: int) -> None:
    """Two stages of one unit each, of 4 and 8 channels, all of the same option."""
    g = graph("modern_39m_cifar10", "depth=1", "widths=[4, 8]")
    units = [unit(4, 1024, option), unit(8, 256, option)]
    flops = 3 * 4 * 9 * 1024 + 4 * 8 * 9 * 256 + 8 * 10 + sum(u[0] for u in units)
    params = 3 * 4 * 9 + 2 * 4 + 4 * 8 * 9 + 2 * 8 + 8 * 10 + 10 + sum(u[1] for u in units)
    assert costs(g, lambda gate: option) == (flops, params)


def test_shortcuts_by_hand() -> None:
    """Three units in a row, all left out: shortcuts from the first two places over one unit and over two."""
    g = graph("modern_39m_cifar10", "depth=3", "widths=[4]")
    without = cost(FLOPS, g, choosing(g, lambda gate: 0))
    kept = cost(FLOPS, g, choosing(g, lambda gate: int(not gate.options)))
    assert kept - without == 3 * 4 * 4 * 1024
