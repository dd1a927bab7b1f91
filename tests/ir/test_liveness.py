"""Liveness of a batch of masks against enumeration of all paths."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bsnc.ir import Graph, edges_on_a_path, live_bits, live_edges
from tests.laws.brute_force import live_names, paths
from tests.laws.build import network
from tests.laws.strategies import law, masks, networks


@st.composite
def any_masks(draw: st.DrawFn) -> tuple[Graph, NDArray[np.bool_]]:
    graph = draw(networks())
    return graph, draw(masks(graph, max_rows=19, keep_fixed=False))


@law(150)
@given(any_masks())
def test_an_edge_is_live_where_a_path_of_kept_edges_passes_it(case: tuple[Graph, NDArray[np.bool_]]) -> None:
    graph, rows = case
    live = live_edges(graph, rows)
    assert live.dtype == np.bool_ and live.shape == rows.shape
    for mask, found in zip(rows, live, strict=True):
        expected = live_names(graph, mask)
        assert {edge.name for edge, is_live in zip(graph.edges, found, strict=True) if is_live} == expected


@law(60)
@given(any_masks())
def test_liveness_is_a_projection_that_grows_with_the_mask(case: tuple[Graph, NDArray[np.bool_]]) -> None:
    graph, rows = case
    live = live_edges(graph, rows)
    assert np.array_equal(live_edges(graph, live), live)
    assert not (live & ~rows).any()
    more = live_edges(graph, rows | rows[::-1])
    assert not (live & ~more).any()


@law(60)
@given(networks())
def test_edges_on_a_path_are_those_live_when_all_are_kept(graph: Graph) -> None:
    everything = {edge.name for edge in graph.edges}
    on_a_path = {name for path in paths(graph, everything) for name in path}
    assert [edge.name in on_a_path for edge in graph.edges] == edges_on_a_path(graph)


def test_batches_of_every_size_around_the_bytes_that_masks_are_packed_into() -> None:
    graph = network((2,), {"h": [], "y": []}, [("x", "h", ["identity"]), ("x", "h", ["relu"]), ("h", "y", ["relu"])])
    generator = np.random.default_rng(0)
    for size in [0, 1, 7, 8, 9, 63, 64, 65, 257]:
        rows = generator.random((size, 3)) < 0.6
        expected = rows & rows[:, 2:] & (rows[:, :1] | rows[:, 1:2])
        assert np.array_equal(live_edges(graph, rows), expected)


def test_bits_stand_for_examples() -> None:
    graph = network((2,), {"h": [], "y": []}, [("x", "h", ["identity"]), ("h", "y", ["relu"])])
    assert live_bits(graph, [0b0110, 0b1100], 0b1111) == [0b0100, 0b0100]
