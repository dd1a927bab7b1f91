"""In training mode an edge sees the examples in which it is live, and nothing of a dropped edge is seen anywhere."""

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from torch import Tensor, nn

from bsnc.ir import Execution, Graph, live_edges
from bsnc.lower import execute, lower_stochastic, op_paths
from tests.laws.build import FIXED, conv, linear, network
from tests.laws.reference import run_training
from tests.laws.strategies import law, networks_and_masks
from tests.laws.weights import examples, names_of, pruned, randomise


def training(graph: Graph) -> nn.Module:
    lowered = lower_stochastic(graph).double().train()
    randomise(lowered)
    return lowered


def gradients(lowered: nn.Module, out: Tensor) -> dict[str, Tensor | None]:
    """Gradients of a loss that weighs every output differently."""
    lowered.zero_grad(set_to_none=True)
    if out.requires_grad:
        weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
        (out * weights).sum().backward()
    return {name: p.grad for name, p in lowered.named_parameters()}


def assert_alike(found: dict[str, Tensor | None], expected: dict[str, Tensor | None]) -> None:
    """Equal gradients; None is zero."""
    for name, gradient in found.items():
        other = expected[name]
        zero = torch.zeros(()).double()
        a, b = (zero if g is None else g for g in (gradient, other))
        torch.testing.assert_close(*torch.broadcast_tensors(a, b), rtol=1e-7, atol=1e-8, msg=lambda m, n=name: n + m)


@pytest.mark.parametrize("execution", get_args(Execution))
@law(120)
@given(networks_and_masks())
def test_a_step_is_that_of_the_network_written_out(execution: Execution, case: tuple) -> None:
    """Outputs, running statistics and gradients, batch norm over the examples in which its edge is live."""
    graph, rows = case
    lowered, x = training(graph), examples(graph, len(rows))
    expected, statistics = run_training(graph, lowered, x, rows)
    expected_gradients = gradients(lowered, expected)
    out = execute(lowered, (x, torch.from_numpy(rows)), execution)
    torch.testing.assert_close(out, expected, rtol=1e-8, atol=1e-8)
    assert_alike(gradients(lowered, out), expected_gradients)
    found = {name: value for name, value in lowered.named_buffers() if value.is_floating_point()}
    assert found.keys() == statistics.keys()
    for name, value in statistics.items():
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-9, msg=lambda m, n=name: n + m)


def among_zeros(grad: Tensor, whole: Tensor, graph: Graph, edge: str, live: list[str]) -> Tensor:
    """The gradient in a weight of which the pruned network has only what meets channels that are not zero."""
    source = graph.nodes[graph.node_index[graph.edges[graph.edge_index[edge]].source]]
    (dimension,) = (i for i, size in enumerate(whole.shape) if size != grad.shape[i])
    width = whole.shape[dimension] // source.shape[0]
    kept = [slot.edge in live for slot in source.slots for _ in range(slot.channels * width)]
    result = torch.zeros_like(whole)
    result[(slice(None),) * dimension + (torch.tensor(kept),)] = grad
    return result


@law(80)
@given(networks_and_masks(batch_norm=False))
def test_without_batch_norm_gradients_are_the_sum_of_those_of_the_pruned_networks(case: tuple) -> None:
    graph, rows = case
    lowered, x = training(graph), examples(graph, len(rows))
    out = lowered(x, torch.from_numpy(rows))
    found = gradients(lowered, out)
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
    paths = op_paths(graph)
    expected: dict[str, Tensor | None] = dict.fromkeys(found)
    for b, live in enumerate(torch.from_numpy(live_edges(graph, rows))):
        names = names_of(graph, live)
        plain = pruned(graph, lowered, names)
        if plain is None:
            continue
        loss = (plain(x[b : b + 1]) * weights[b : b + 1]).sum()
        if loss.requires_grad:
            loss.backward()
        theirs = op_paths(graph.keeping(names))
        for edge in names:
            for ours, other in zip(paths[edge], theirs[edge], strict=True):
                for name, p in plain.get_submodule(other).named_parameters():
                    key = f"{ours}.{name}"
                    before = expected[key]
                    assert p.grad is not None
                    whole = lowered.get_parameter(key)
                    grad = p.grad if p.shape == whole.shape else among_zeros(p.grad, whole, graph, edge, names)
                    expected[key] = grad if before is None else before + grad
    assert_alike(found, expected)


@law(100)
@given(networks_and_masks())
def test_edges_live_nowhere_have_no_gradient_and_leave_no_trace_even_as_nan(case: tuple) -> None:
    graph, rows = case
    x, masks = examples(graph, len(rows)), torch.from_numpy(rows)
    dead = {e.name for e, live in zip(graph.edges, live_edges(graph, rows).any(0), strict=True) if not live}
    prefixes = tuple(f"{path}." for name in dead for path in op_paths(graph)[name])
    lowered = training(graph)
    out = lowered(x, masks)
    found = gradients(lowered, out)
    assert all(not name.startswith(prefixes) or g is None or not g.any() for name, g in found.items())
    poisoned = training(graph)
    with torch.no_grad():
        for name, value in (*poisoned.named_parameters(), *poisoned.named_buffers()):
            if name.startswith(prefixes) and value.is_floating_point():
                value.fill_(torch.nan)
    other = poisoned(x, masks)
    assert torch.equal(out, other)
    theirs = gradients(poisoned, other)
    for name, gradient in found.items():
        if not name.startswith(prefixes):
            assert (gradient is None) == (theirs[name] is None)
            assert gradient is None or torch.equal(gradient, theirs[name])
    for (name, ours), (_, same) in zip(lowered.named_buffers(), poisoned.named_buffers(), strict=True):
        assert name.startswith(prefixes) or torch.equal(ours, same)


@law(60)
@given(networks_and_masks(batch_norm=False))
def test_an_edge_dropped_in_an_example_does_not_touch_it_even_as_nan(case: tuple) -> None:
    graph, rows = case
    x, masks = examples(graph, len(rows)), torch.from_numpy(rows)
    live = live_edges(graph, rows)
    lowered = training(graph)
    out = lowered(x, masks)
    for i, edge in enumerate(graph.edges):
        poisoned = training(graph)
        with torch.no_grad():
            for path in op_paths(graph)[edge.name]:
                for p in poisoned.get_submodule(path).parameters():
                    p.fill_(torch.nan)
        other = poisoned(x, masks)
        untouched = torch.from_numpy(~live[:, i])
        torch.testing.assert_close(other[untouched], out[untouched], rtol=1e-12, atol=1e-12)


def test_statistics_are_those_of_the_live_rows_by_hand() -> None:
    """The flaw of the authors' code: zeroed rows of dropped examples entered the mean."""
    graph = network((1,), {"y": []}, [("x", "y", ["batch_norm"]), ("x", "y", ["identity"], FIXED)])
    lowered = lower_stochastic(graph).train()
    x = torch.tensor([[1.0], [100.0], [3.0], [-50.0]])
    out = lowered(x, torch.tensor([[1, 1], [0, 1], [1, 1], [0, 1]]))
    norm = lowered.edges.x__y.batch_norm
    assert torch.allclose(out, torch.tensor([[0.0], [100.0], [4.0], [-50.0]]), atol=1e-4)
    assert torch.allclose(norm.running_mean, torch.tensor([0.1 * 2.0]))
    assert torch.allclose(norm.running_var, torch.tensor([0.9 + 0.1 * 2.0]))
    assert int(norm.num_batches_tracked) == 1


def test_a_single_value_per_channel_is_normalised_by_running_statistics_and_leaves_them() -> None:
    links = [("x", "h", [conv(2, stride=4, bias=False), "batch_norm"]), ("x", "h", ["global_avg_pool"], FIXED)]
    graph = network((2, 4, 4), {"h": [], "y": []}, [*links, ("h", "y", ["flatten", linear(3)], FIXED)])
    lowered = training(graph)
    x = examples(graph, 3)
    masks = torch.tensor([[0, 1, 1], [1, 1, 1], [0, 1, 1]]).bool()
    before = {name: value.clone() for name, value in lowered.named_buffers()}
    out = lowered(x, masks)
    found = gradients(lowered, out)
    assert all(torch.equal(value, before[name]) for name, value in lowered.named_buffers())
    assert all(g is not None and g.abs().sum() > 0 for g in found.values())
    torch.testing.assert_close(out, lowered.eval()(x, masks), rtol=1e-9, atol=1e-9)


def test_two_rows_of_one_value_are_a_batch() -> None:
    graph = network((2,), {"y": []}, [("x", "y", ["batch_norm"])])
    lowered = training(graph)
    before = lowered.edges.x__y.batch_norm.running_mean.clone()
    lowered(examples(graph, 2), torch.ones(2, 1))
    assert not torch.equal(lowered.edges.x__y.batch_norm.running_mean, before)


def test_an_inconsistent_row_has_no_gradient() -> None:
    graph = network((2,), {"y": ["sigmoid"]}, [("x", "y", [linear(2)])])
    lowered = training(graph)
    found = gradients(lowered, lowered(examples(graph, 3), torch.zeros(3, 1)))
    assert all(g is None or not g.any() for g in found.values())
    assert np.array_equal(lowered(examples(graph, 3), torch.zeros(3, 1)).detach(), np.full((3, 2), 0.5))
