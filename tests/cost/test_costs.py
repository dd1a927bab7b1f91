"""Costs of masks against what pruned networks execute and hold, and against counts by hand."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from bsnc.cost import LinearCost, cost_of, costs_of_masks
from bsnc.ir import CostKey, Graph, OpCall, every_cost, live_edges
from bsnc.lower import lower_static
from bsnc.passes import ApplyArchitecture
from tests.laws.brute_force import live_names
from tests.laws.build import conv, linear, network, upsample
from tests.laws.strategies import law, masks, networks, networks_and_masks
from tests.laws.weights import examples

FLOPS, PARAMS = CostKey(name="flops"), CostKey(name="params")
VENIAT = CostKey(name="flops", options=(("count", "veniat2018"),))
Case = tuple[Graph, NDArray[np.bool_]]


def costs(key: CostKey, graph: Graph, rows: NDArray[np.bool_]) -> list[float]:
    return costs_of_masks(key, graph, torch.from_numpy(rows)).tolist()


def plain_networks(graph: Graph, rows: NDArray[np.bool_]) -> list[torch.nn.Module | None]:
    """For each mask the plain network of its live edges; None where no edge is live."""
    graphs = [ApplyArchitecture(live_names(graph, mask)).run(graph).graph for mask in rows]
    return [lower_static(part).eval() if part.edges else None for part in graphs]


def counted_by_torch(plain: torch.nn.Module | None, graph: Graph) -> int:
    if plain is None:
        return 0
    with FlopCounterMode(display=False) as counter:
        plain(examples(graph, 1, dtype=torch.float32))
    return counter.get_total_flops() // 2


@law(30)
@given(networks_and_masks())
def test_flops_are_half_of_what_torch_counts_on_the_pruned_network(case: Case) -> None:
    graph, rows = case
    expected = [counted_by_torch(plain, graph) for plain in plain_networks(graph, rows)]
    assert costs(FLOPS, graph, rows) == expected


@law(60)
@given(networks_and_masks())
def test_params_are_the_trainable_parameters_of_the_pruned_network(case: Case) -> None:
    graph, rows = case
    expected = [
        0 if plain is None else sum(p.numel() for p in plain.parameters()) for plain in plain_networks(graph, rows)
    ]
    assert costs(PARAMS, graph, rows) == expected


def macs(call: OpCall, source: tuple[int, ...]) -> int:
    """Multiply-adds of an op on an input of this shape: the textbook's formulas."""
    given = cast(dict[str, Any], call.arguments)
    if call.op == "linear":
        return source[0] * given["features"]
    if call.op != "conv":
        return 0
    sizes = call.definition.output_shape(call.arguments, source)[1:]
    return source[0] // given["groups"] * given["channels"] * given["kernel"] ** len(sizes) * int(np.prod(sizes))


def veniat(graph: Graph, mask: NDArray[np.bool_]) -> int:
    """The count of the paper's code, one edge and one node at a time, of the modules that are left."""
    live = live_names(graph, mask)
    left = {edge.name: edge.module for edge in ApplyArchitecture(live).run(graph).graph.edges}
    total = 0
    for edge in graph.edges:
        if edge.name in live:
            module = left[edge.name]
            before = [None, *module[:-1]]
            for call, previous in zip(module, before, strict=True):
                coarse = previous is not None and previous.op == "upsample"
                total += macs(call, previous.in_shape if previous is not None and coarse else call.in_shape)
    for node in graph.nodes:
        arriving = [edge for edge in graph.edges if edge.target == node.name]
        if node.aggregation in ("sum", "mean") and any(edge.name in live for edge in arriving):
            total += (len(arriving) - 1) * int(np.prod(node.shape))
    return total


@law(100)
@given(networks_and_masks())
def test_veniat2018_is_the_count_by_hand(case: Case) -> None:
    graph, rows = case
    assert costs(VENIAT, graph, rows) == [veniat(graph, mask) for mask in rows]


@law(60)
@given(networks_and_masks())
def test_a_batch_costs_what_its_rows_cost_and_what_their_live_edges_cost(case: Case) -> None:
    graph, rows = case
    for key in every_cost():
        together = costs(key, graph, rows)
        assert together == [costs(key, graph, row[None])[0] for row in rows]
        assert together == costs(key, graph, live_edges(graph, rows))


@law(60)
@given(networks(), st.data())
def test_inconsistent_masks_cost_nothing(graph: Graph, data: st.DataObject) -> None:
    rows = data.draw(masks(graph, keep_fixed=False))
    live = live_edges(graph, rows)
    nothing = ~live.any(1)
    for key in every_cost():
        assert not np.array(costs(key, graph, rows))[nothing].any()


@law(60)
@given(networks(), st.data())
def test_costs_only_grow_with_kept_edges(graph: Graph, data: st.DataObject) -> None:
    rows = data.draw(masks(graph, min_rows=2))
    more = rows | rows[::-1]
    for key in every_cost():
        less, greater = costs(key, graph, rows), costs(key, graph, more)
        assert all(a <= b for a, b in zip(less, greater, strict=True))


@law(60)
@given(networks_and_masks())
def test_shares_make_up_the_cost_and_pairs_are_paid_by_the_edge_behind_the_concatenation(case: Case) -> None:
    """An edge bears what it counts in the pruned network, where its input has the channels that are left."""
    graph, rows = case
    live = torch.from_numpy(live_edges(graph, rows))
    for cost in (cost_of(key, graph) for key in every_cost()):
        if not isinstance(cost, LinearCost):
            continue
        edges, nodes = cost.shares(live)
        assert (edges.sum(1) + nodes.sum(1)).tolist() == cost(live).tolist()
        assert not edges[~live].any() and (edges >= 0).all() and (nodes >= 0).all()
    shares, _ = cast(LinearCost, cost_of(FLOPS, graph)).shares(live)
    for mask, share in zip(rows, shares.tolist(), strict=True):
        left = ApplyArchitecture(live_names(graph, mask)).run(graph).graph if live_names(graph, mask) else None
        counted = {edge.name: sum(map(multiply_adds, edge.module)) for edge in left.edges} if left else {}
        assert {graph.edges[i].name: s for i, s in enumerate(share) if s} == {n: c for n, c in counted.items() if c}


def multiply_adds(call: OpCall) -> int:
    return call.definition.multiply_adds(call.arguments, call.in_shape, call.out_shape)


def test_figures_by_hand() -> None:
    """conv 2→3, k 3, on 4×4: 3·2·9·16 = 864; upsampled from 2×2: 3·3·9·16 = 1296 executed, 3·3·9·4 = 324 at the
    low resolution; linear 48→5: 240. Of three edges into h two additions of 48 each."""
    up = [conv(3, stride=2), upsample(2), conv(3), "batch_norm"]
    links = [("x", "h", [conv(3)]), ("x", "h", [conv(3, bias=False), "batch_norm"]), ("x", "h", up)]
    graph = network((2, 4, 4), {"h": ["relu"], "y": []}, [*links, ("h", "y", ["flatten", linear(5)])])
    rows = np.array([[1, 1, 1, 1], [1, 0, 0, 1], [0, 0, 1, 1], [1, 1, 1, 0]], dtype=bool)
    low = 3 * 2 * 9 * 4
    assert costs(FLOPS, graph, rows) == [864 * 2 + low + 1296 + 240, 864 + 240, low + 1296 + 240, 0]
    assert costs(VENIAT, graph, rows) == [864 * 2 + low + 324 + 240 + 96, 864 + 240 + 96, low + 324 + 240 + 96, 0]
    layer, tail = 3 * 2 * 9, 48 * 5 + 5
    branch = (layer + 3) + (3 * 3 * 9 + 3) + 6
    assert costs(PARAMS, graph, rows) == [(layer + 3) + (layer + 6) + branch + tail, layer + 3 + tail, branch + tail, 0]


def test_a_window_larger_than_the_coarse_grid_is_charged_as_it_is_executed() -> None:
    graph = network((2, 1, 1), {"y": []}, [("x", "y", [upsample(2), conv(3, kernel=2)])])
    everything = np.ones((1, 1), dtype=bool)
    assert costs(VENIAT, graph, everything) == costs(FLOPS, graph, everything) == [2 * 3 * 4]


@pytest.mark.parametrize("between", ["identity", "batch_norm", "relu"])
def test_only_a_convolution_right_after_an_upsampling_is_charged_at_its_low_resolution(between: str) -> None:
    graph = network((1, 2, 2), {"y": []}, [("x", "y", [upsample(2), between, conv(1)])])
    assert costs(VENIAT, graph, np.ones((1, 1), dtype=bool)) == [9 * 16]


def test_sums_beyond_float32_are_exact() -> None:
    """4097² is odd and above 2^24: float32 cannot hold it."""
    wide = network((4097,), {"h": [], "y": []}, [("x", "h", [linear(4097)]), ("h", "y", [linear(1)])])
    everything = np.ones((1, 2), dtype=bool)
    assert costs(FLOPS, wide, everything) == [4097**2 + 4097]
    assert costs(PARAMS, wide, everything) == [4097**2 + 2 * 4097 + 1]


@law(20)
@given(networks())
def test_every_cost_is_named_by_its_key(graph: Graph) -> None:
    assert [str(cost_of(key, graph).key) for key in every_cost()] == [str(key) for key in every_cost()]
