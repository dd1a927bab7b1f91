"""The main law: in evaluation mode an example computes what the network pruned to its live edges computes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from torch import nn

from bsnc.ir import Graph, live_edges
from bsnc.lower import lower_static, lower_stochastic
from tests.laws.build import FIXED, conv, linear, network, upsample
from tests.laws.reference import activate
from tests.laws.strategies import law, networks_and_masks
from tests.laws.weights import examples, names_of, pruned, randomise


def trained(graph: Graph, seed: int = 0) -> nn.Module:
    lowered = lower_stochastic(graph).double().eval()
    randomise(lowered, seed)
    return lowered


@law(120)
@given(networks_and_masks())
def test_each_row_is_the_network_of_its_live_edges(case: tuple) -> None:
    graph, rows = case
    lowered, x = trained(graph), examples(graph, len(rows))
    out = lowered(x, torch.from_numpy(rows))
    assert out.shape == (len(rows), *graph.output.shape)
    for b, live in enumerate(torch.from_numpy(live_edges(graph, rows))):
        plain = pruned(graph, lowered, names_of(graph, live))
        if plain is not None:
            torch.testing.assert_close(out[b : b + 1], plain(x[b : b + 1]), rtol=1e-9, atol=1e-9)


@law(60)
@given(networks_and_masks())
def test_a_row_without_live_edges_gives_the_output_nodes_activations_of_zero_and_is_counted(case: tuple) -> None:
    graph, rows = case
    rows = np.concatenate([rows, np.zeros_like(rows[:1])])
    live = live_edges(graph, rows)
    inconsistent = ~live.any(1)
    out = trained(graph)(examples(graph, len(rows)), torch.from_numpy(rows))
    expected = activate(graph.output.activations, torch.zeros(graph.output.shape, dtype=torch.float64))
    for b in np.flatnonzero(inconsistent):
        torch.testing.assert_close(out[b], expected, rtol=0, atol=0)
    assert lower_stochastic(graph).live_rows(torch.from_numpy(rows)).inconsistent == inconsistent.sum() > 0


@law(60)
@given(networks_and_masks())
def test_no_row_depends_on_the_others(case: tuple) -> None:
    graph, rows = case
    lowered, x, masks = trained(graph), examples(graph, len(rows)), torch.from_numpy(rows)
    together = lowered(x, masks)
    alone = torch.cat([lowered(x[b : b + 1], masks[b : b + 1]) for b in range(len(rows))])
    torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-9)
    order = torch.arange(len(rows)).flip(0)
    torch.testing.assert_close(lowered(x[order], masks[order]), together[order], rtol=1e-9, atol=1e-9)


@law(60)
@given(networks_and_masks())
def test_only_live_edges_matter_not_kept_ones(case: tuple) -> None:
    graph, rows = case
    lowered, x = trained(graph), examples(graph, len(rows))
    live = torch.from_numpy(live_edges(graph, rows))
    torch.testing.assert_close(lowered(x, torch.from_numpy(rows)), lowered(x, live), rtol=0, atol=0)


def test_biases_and_shifts_of_dropped_edges_do_not_leak() -> None:
    """The flaw of the authors' code: a dropped module still added its bias and its batch norm's shift."""
    links = [("x", "y", [conv(2), "batch_norm"]), ("x", "y", [conv(2, 1)]), ("x", "y", ["identity"], FIXED)]
    graph = network((2, 2, 2), {"y": []}, links)
    lowered, x = trained(graph), examples(graph, 2)
    out = lowered(x, torch.tensor([[0, 0, 1], [1, 1, 1]]).bool())
    torch.testing.assert_close(out[0], x[0])
    assert (out[1] - x[1]).abs().min() > 1e-3


def test_a_node_that_is_dead_in_an_example_passes_nothing_on() -> None:
    """sigmoid(0) = 1/2 at a node at which nothing arrives must not reach the output."""
    links = [("x", "h", ["tanh"]), ("h", "y", [linear(2)], FIXED), ("x", "y", ["identity"], FIXED)]
    graph = network((2,), {"h": ["sigmoid"], "y": []}, links)
    lowered, x = trained(graph), examples(graph, 1)
    torch.testing.assert_close(lowered(x, torch.tensor([[False, True, True]])), x)


def test_masks_may_be_of_any_type_and_layout() -> None:
    graph = network((2,), {"y": []}, [("x", "y", [linear(2)]), ("x", "y", ["tanh"])])
    lowered, x = trained(graph), examples(graph, 3)
    masks = torch.tensor([[1, 0], [0, 1], [1, 1]])
    expected = lowered(x, masks.bool())
    for other in (masks.double(), masks, masks.T.contiguous().T, masks.bool().T.contiguous().T):
        torch.testing.assert_close(lowered(x, other), expected, rtol=0, atol=0)


@law(40)
@given(networks_and_masks())
def test_float32_is_close_to_float64(case: tuple) -> None:
    """What users run: the same law within float tolerance."""
    graph, rows = case
    exact = trained(graph)
    single = lower_stochastic(graph).eval()
    single.load_state_dict(exact.state_dict())
    x, masks = examples(graph, len(rows)), torch.from_numpy(rows)
    expected = exact(x, masks)
    scale = 1 + float(expected.detach().abs().max())
    torch.testing.assert_close(single(x.float(), masks).double(), expected, rtol=1e-3, atol=1e-4 * scale)


def test_the_plain_network_is_refused_where_nothing_connects() -> None:
    graph = network((2, 2, 2), {"h": [], "y": []}, [("x", "h", [upsample(1)]), ("h", "y", ["identity"])])
    with pytest.raises(ValueError, match="no path"):
        lower_static(graph.keeping(["x->h"]))
