"""Costs of the shipped specs: published figures, and counts by hand.

Multiply-adds of a convolution are written as in · out · kernel · positions; parameters of a batch norm as 2 · channels.
"""

from __future__ import annotations

from math import prod

import pytest

from bsnc.ir import Gate
from tests.specs.support import FLOPS, PARAMS, choosing, cost, costs, graph

NONE, SKIP, CONV_1, CONV_3, POOL = range(5)
"""Options of NAS-Bench-201 in the order of the spec."""

# ---- NAS-Bench-201 ----


def skeleton_of_nb201() -> tuple[int, int]:
    """Multiply-adds and parameters outside of the cells: stem, two reductions, classifier."""
    flops = 3 * 16 * 9 * 32 * 32 + 64 * 10
    params = 3 * 16 * 9 + 2 * 16 + 2 * 64 + 64 * 10 + 10
    for c, size in ((32, 16), (64, 8)):
        flops += (c // 2 * c * 9 + c * c * 9 + c // 2 * c) * size * size
        params += c // 2 * c * 9 + 2 * c + c * c * 9 + 2 * c + c // 2 * c
    return flops, params


def cells_of_nb201(kernel: int, edges: int) -> tuple[int, int]:
    """Of 5 cells in each of the 3 stages, with this many convolutions in a cell."""
    flops = sum(5 * edges * c * c * kernel**2 * size * size for c, size in ((16, 32), (32, 16), (64, 8)))
    return flops, sum(5 * edges * (c * c * kernel**2 + 2 * c) for c in (16, 32, 64))


def test_nb201_has_15_625_architectures() -> None:
    assert prod(gate.switches for gate in graph("nb201").gates) == 5**6 == 15_625


@pytest.mark.parametrize(
    ("option", "mega_flops", "mega_params"), [(CONV_3, 220.11969, 1.531546), (SKIP, 7.78305, 0.073306)]
)
def test_nb201_costs_what_the_benchmark_records(option: int, mega_flops: float, mega_params: float) -> None:
    """The greatest and the least of CIFAR-10 as the data of Dong & Yang (2020) have them. Its flops count the ten
    additions of the classifier's bias, ours do not."""
    flops, params = costs(graph("nb201"), lambda gate: option)
    assert flops + 10 == round(mega_flops * 1e6)
    assert params == round(mega_params * 1e6)


@pytest.mark.parametrize(("option", "kernel"), [(CONV_3, 3), (CONV_1, 1), (SKIP, 0), (POOL, 0)])
def test_nb201_by_hand(option: int, kernel: int) -> None:
    outside = skeleton_of_nb201()
    inside = cells_of_nb201(kernel, 6) if kernel else (0, 0)
    assert costs(graph("nb201"), lambda gate: option) == (outside[0] + inside[0], outside[1] + inside[1])


def test_nb201_drops_what_leads_nowhere() -> None:
    """Only the edge from first to last node, with dead convolutions beside it: into a node that nothing leaves."""
    options = {"g[0,3]": SKIP, "g[0,1]": CONV_3, "g[0,2]": CONV_3}
    assert costs(graph("nb201"), lambda gate: options.get(gate.name, NONE)) == skeleton_of_nb201()
    assert costs(graph("nb201"), lambda gate: NONE) == (0, 0)


# ---- ResNet ----


def resnet_by_hand(depth: int) -> tuple[int, int]:
    n, flops, params = (depth - 2) // 6, 3 * 16 * 9 * 32 * 32 + 64 * 10, 3 * 16 * 9 + 2 * 16 + 64 * 10 + 10
    for c, size in ((16, 32), (32, 16), (64, 8)):
        first = c * c * 9 if c == 16 else c // 2 * c * 9
        shortcut = 0 if c == 16 else c // 2 * c
        flops += (first + (2 * n - 1) * c * c * 9 + shortcut) * size * size
        params += first + (2 * n - 1) * c * c * 9 + 2 * n * 2 * c + (shortcut and shortcut + 2 * c)
    return flops, params


@pytest.mark.parametrize(
    ("depth", "mega_params"), [(20, "0.27"), (32, "0.46"), (44, "0.66"), (56, "0.85"), (110, "1.7")]
)
def test_resnet(depth: int, mega_params: str) -> None:
    """Parameters as table 6 of He et al. (2016) rounds them. There the shortcuts have no weights; the projections here
    add 2 752: 16 · 32 + 32 · 64 and their batch norms."""
    found = costs(graph("resnet", f"depth={depth}"), lambda gate: 1)
    assert found == resnet_by_hand(depth)
    projections = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    digits = len(mega_params.partition(".")[2])
    assert f"{(found[1] - projections) / 1e6:.{digits}f}" == mega_params


def test_resnet_20_exactly() -> None:
    assert costs(graph("resnet"), lambda gate: 1) == (40_813_184, 272_474)


# ---- the others, small enough to count on a sheet of paper ----


def mbconv(a: int, b: int, k: int, e: int, before: int, after: int) -> tuple[int, int]:
    """Expansion, depthwise convolution, squeeze and excitation by a quarter, projection; sides before and after."""
    wide = a * e
    hidden = wide // 4
    flops = a * wide * before**2 + wide * k * k * after**2 + 2 * wide * hidden + wide * b * after**2
    params = a * wide + 2 * wide + wide * k * k + 2 * wide + 2 * wide * hidden + hidden + wide + wide * b + 2 * b
    return flops, params


@pytest.mark.parametrize(("index", "k", "e"), [(0, 3, 3), (1, 3, 6), (3, 5, 6), (4, 7, 3)])
def test_mobilenet(index: int, k: int, e: int) -> None:
    g = graph("mobilenet", "size=32", "widths=[8, 16]", "strides=[2, 2]", "repeats=1", "classes=10")
    stem = 3 * 8 * 9 * 16 * 16, 3 * 8 * 9 + 2 * 8
    head = 16 * 96 * 8 * 8 + 96 * 128 + 128 * 10, 16 * 96 + 2 * 96 + (96 + 1) * 128 + (128 + 1) * 10
    blocks = [mbconv(8, 8, k, e, 16, 16), mbconv(8, 16, k, e, 16, 8), mbconv(16, 16, k, e, 8, 8)]

    def option(gate: Gate) -> int:
        return index + (gate.options[0] == "none")

    total = tuple(map(sum, zip(stem, *blocks, head, strict=True)))
    assert costs(g, option) == total
    assert all(gate.options[option(gate)].endswith(f"(k = {k}, e = {e})") for gate in g.gates)
    without = tuple(map(sum, zip(stem, blocks[1], head, strict=True)))
    assert costs(g, lambda gate: index if gate.options[0] != "none" else 0) == without


def test_msdnet() -> None:
    """One layer, two resolutions, growth 2: a dense block for each way to 4 channels at the coarse one."""
    g = graph("msdnet", "layers=1", "scales=2", "growth=2", "size=8", "classes=10")
    base = 3 * 4 * 9 * 64 + 4 * 8 * 9 * 16
    same = 8 * 16 * 16 + 16 * 4 * 9 * 16 + 4 * 10
    down = 4 * 16 * 64 + 16 * 4 * 9 * 16 + 4 * 10
    assert {gate.name for gate in g.gates} == {"seen[0,1]->same[0,1]", "seen[0,0]->down[0,1]"}
    assert cost(FLOPS, g, choosing(g, lambda gate: 1)) == base + same + down + 8 * 10
    assert cost(FLOPS, g, choosing(g, lambda gate: 0)) == base + 8 * 10
    assert cost(FLOPS, g, choosing(g, lambda gate: int("same" in gate.name))) == base + same + 8 * 10
    assert cost(FLOPS, g, choosing(g, lambda gate: int("down" in gate.name))) == base + down + 8 * 10


def test_unet() -> None:
    """Depth 1: two convolutions, and below at half the sides two more. The convolutions at the end see 2 channels of
    the skip connection, 2 from below, or both."""
    g = graph("unet", "depth=1", "channels=2", "height=8", "width=8", "classes=3")
    down, below = (3 * 2 * 9 + 2 * 2 * 9) * 64, (2 * 4 * 9 + 4 * 4 * 9) * 16 + 4 * 2 * 9 * 64
    narrow, wide = ((c * 2 * 9 + 2 * 2 * 9 + 2 * 3) * 64 for c in (2, 4))
    assert cost(FLOPS, g, choosing(g, lambda gate: 1)) == down + below + wide
    assert cost(FLOPS, g, choosing(g, lambda gate: int(gate.name == "down[0]->up[0]"))) == down + narrow
    assert cost(FLOPS, g, choosing(g, lambda gate: int(gate.name == "up[1]->up[0]"))) == down + below + narrow


def test_signal() -> None:
    """Dilation costs nothing; the second layer works at half the length."""
    g = graph("signal", "layers=2", "channels=4", "sensors=2", "length=8", "classes=3")
    ends = 2 * 4 * 5 * 8 + 4 * 3, 2 * 4 * 5 + 2 * 4 + (4 + 1) * 3
    for index, k in enumerate([3, 3, 3, 5, 5, 5]):
        flops, params = 4 * 4 * k * (8 + 4), 2 * (4 * 4 * k + 2 * 4)
        assert costs(g, lambda gate, i=index: 1 + i) == (ends[0] + flops, ends[1] + params)
    assert costs(g, lambda gate: 0) == ends


def test_mlp() -> None:
    """A slice that is dropped spares its own units and the inputs of what reads the layer."""
    g = graph("mlp", "features=5", "layers=2", "slices=3", "units=4", "classes=3")
    whole = choosing(g, lambda gate: 1)
    assert cost(FLOPS, g, whole) == 5 * 12 + 12 * 12 + 5 * 4 + 16 * 3
    assert cost(PARAMS, g, whole) == 5 * 12 + 12 * 12 + 5 * 4 + 16 * 3 + 2 * (12 + 12 + 4) + 3
    one_of_each = choosing(g, lambda gate: int("#" not in gate.name))
    assert cost(FLOPS, g, one_of_each) == 5 * 4 + 4 * 4 + 5 * 4 + 8 * 3
    assert cost(FLOPS, g, choosing(g, lambda gate: int(gate.name == "row->h[1]"))) == 5 * 4 + 4 * 3
