"""Relaxed masks: what an SS-network computes with masks through which a gradient flows."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsnc.ir import NEVER, Graph
from bsnc.lower import lower_stochastic
from tests.laws.build import FIXED, linear, network
from tests.laws.strategies import law, networks
from tests.laws.weights import randomise


@law(60)
@given(networks(max_gates=8), st.integers(0, 99))
def test_relaxed_masks_of_zeros_and_ones_compute_what_the_masks_do(graph: Graph, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(5, len(graph.edges), generator=generator) < 0.6
    images = torch.randn(5, *graph.input.shape, generator=generator, dtype=torch.float64)
    whole = lower_stochastic(graph).double().eval()
    randomise(whole, seed)
    hard = whole(images, masks)
    relaxed = whole(images, masks.double().requires_grad_())
    assert torch.allclose(relaxed, hard, rtol=1e-9, atol=1e-9)


LINKS = [
    ("x", "h", [linear(3)], "a"),
    ("x", "h", [linear(3)], "b"),
    ("h", "y", [linear(2)], "c"),
    ("x", "y", [linear(2)], FIXED),
]


@pytest.mark.parametrize("aggregation", ["sum", "mean"])
@pytest.mark.parametrize("kept", [[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 0, 1]])
def test_the_gradient_of_a_mask_is_the_slope_of_what_the_network_computes(aggregation: str, kept: list[int]) -> None:
    """Of dropped edges too."""
    graph = network((4,), {"h": ["tanh"], "y": []}, LINKS, aggregations={"h": aggregation})
    whole = lower_stochastic(graph, seed=1).double().eval()
    image = torch.randn(1, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def out(masks: torch.Tensor) -> torch.Tensor:
        return whole(image, masks).square().sum()

    masks = torch.tensor([kept], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(out(masks), masks)
    step = 1e-6
    for edge in range(4):
        moved = masks.detach().clone()
        moved[0, edge] += step
        found = float((out(moved.requires_grad_()) - out(masks)).detach()) / step
        assert found == pytest.approx(float(slope[0, edge]), abs=1e-4)
        counts = kept[edge] or aggregation == "sum"
        has_say = edge >= 2 or (kept[2] and (aggregation == "sum" or kept[0] + kept[1] == 2))
        assert not (counts and has_say) or abs(found) > 1e-3


@law(40)
@given(networks(max_gates=8), st.integers(0, 99))
def test_an_edge_that_is_never_kept_does_not_run_and_changes_no_output_and_no_other_gradient(graph, seed) -> None:
    generator = torch.Generator().manual_seed(seed)
    never = torch.rand(len(graph.edges), generator=generator) < 0.4
    masks = (torch.rand(5, len(graph.edges), generator=generator) < 0.6) & ~never
    images = torch.randn(5, *graph.input.shape, generator=generator, dtype=torch.float64)
    whole = lower_stochastic(graph).double().eval()
    randomise(whole, seed)
    outputs, gradients = [], []
    for dropped in (0.0, NEVER):
        relaxed = torch.where(never, dropped, masks.double()).requires_grad_()
        outputs.append(whole(images, relaxed))
        (outputs[-1].square().sum() + 0 * relaxed.sum()).backward()
        assert relaxed.grad is not None
        gradients.append(relaxed.grad[:, ~never])
    assert not any(whole.live_rows(relaxed).runs[edge] for edge in never.nonzero().flatten())
    assert torch.allclose(*outputs, rtol=1e-9, atol=1e-9) and torch.allclose(*gradients, rtol=1e-9, atol=1e-9)
