"""Folding of batch norms: exact, complete where it can be, and left alone where it cannot."""

import operator
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from torch import fx, nn

from bsnc.ir import Graph
from bsnc.lower import fold_batch_norm, lower_static
from tests.laws.build import Step, conv, linear, network
from tests.laws.strategies import law, networks
from tests.laws.weights import examples, randomise

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def norms(module: nn.Module) -> int:
    return sum(isinstance(m, NORMS) for m in module.modules())


def trained(graph: Graph) -> fx.GraphModule:
    plain = lower_static(graph).double().eval()
    randomise(plain)
    return plain


@law(100)
@given(networks())
def test_folding_changes_no_output_and_accounts_for_every_parameter(graph: Graph) -> None:
    plain, x = trained(graph), examples(graph, 4)
    expected = plain(x)
    before = sum(p.numel() for p in plain.parameters())
    removed = fold_batch_norm(plain)
    torch.testing.assert_close(plain(x), expected, rtol=1e-8, atol=1e-8)
    assert before == sum(p.numel() for p in plain.parameters()) + sum(removed.values())
    assert all(isinstance(plain.get_submodule(name), (nn.Conv1d, nn.Conv2d, nn.Linear)) for name in removed)
    assert not fold_batch_norm(plain)


def of_edge(shape: tuple[int, ...], *steps: Step) -> fx.GraphModule:
    return trained(network(shape, {"y": []}, [("x", "y", steps)]))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("shape", "layer"),
    [((2, 4, 4), conv(3)), ((2, 4), conv(3)), ((2,), linear(3))],
)
def test_a_batch_norm_goes_into_the_layer_before_it(shape: tuple[int, ...], layer: Step, bias: bool) -> None:
    name, arguments = layer
    plain = of_edge(shape, (name, {**arguments, "bias": bias}), "batch_norm")
    removed = fold_batch_norm(plain)
    assert norms(plain) == 0
    assert removed == {f"edges.x__y.{name}": 6 if bias else 3}


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 3, 3), (4, 3)])
def test_a_batch_norm_goes_into_a_transposed_convolution(shape: tuple[int, ...], bias: bool, groups: int) -> None:
    layer = {"channels": 4, "kernel": 3, "stride": 2, "groups": groups, "bias": bias}
    plain = of_edge(shape, ("conv_transpose", layer), "batch_norm")
    x = torch.randn(2, *shape, dtype=torch.float64)
    expected = plain(x)
    assert fold_batch_norm(plain) == {"edges.x__y.conv_transpose": 8 if bias else 4} and norms(plain) == 0
    torch.testing.assert_close(plain(x), expected)


@pytest.mark.parametrize("between", ["relu", "identity"])
def test_a_batch_norm_after_anything_else_stays(between: str) -> None:
    plain = of_edge((2, 4, 4), conv(3), between, "batch_norm")
    assert fold_batch_norm(plain) == {} and norms(plain) == 1


def test_several_batch_norms_in_a_row_all_go_and_all_are_accounted_for() -> None:
    plain = of_edge((2, 4, 4), conv(3), "batch_norm", "batch_norm")
    assert fold_batch_norm(plain) == {"edges.x__y.conv": 12} and norms(plain) == 0


def test_a_batch_norm_stays_where_the_layer_before_it_is_that_of_another_edge() -> None:
    """What an edge costs must not depend on its neighbours."""
    links = [("x", "h", [conv(3)]), ("h", "y", ["batch_norm"])]
    plain = trained(network((2, 4, 4), {"h": [], "y": []}, links))
    assert fold_batch_norm(plain) == {} and norms(plain) == 1


class Twice(nn.Module):
    """One layer called twice, with a batch norm after one of the calls or after both."""

    def __init__(self, forward: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.layer, self.norm, self.body = nn.Linear(3, 3), nn.BatchNorm1d(3), forward

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(self, x)


@pytest.mark.parametrize(
    "body",
    [
        lambda self, x: self.norm(self.layer(x)) + self.layer(x),
        lambda self, x: self.layer(self.norm(self.layer(x))),
        lambda self, x: self.norm(self.layer(x)) + self.norm(self.layer(-x)),
    ],
)
def test_a_layer_that_is_called_twice_takes_nothing_in(body: Callable[..., torch.Tensor]) -> None:
    traced = fx.symbolic_trace(Twice(body).double().eval())
    randomise(traced)
    x = torch.randn(4, 3, dtype=torch.float64)
    expected = traced(x)
    assert fold_batch_norm(traced) == {}
    torch.testing.assert_close(traced(x), expected)


def test_one_batch_norm_after_two_layers_goes_into_both() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two, self.norm = nn.Linear(3, 3), nn.Linear(3, 3), nn.BatchNorm1d(3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return operator.add(self.norm(self.one(x)), self.norm(self.two(x)))

    traced = fx.symbolic_trace(Shared().double().eval())
    randomise(traced)
    x = torch.randn(4, 3, dtype=torch.float64)
    expected = traced(x)
    fold_batch_norm(traced)
    assert norms(traced) == 0
    torch.testing.assert_close(traced(x), expected)


def test_batch_statistics_cannot_be_folded() -> None:
    with pytest.raises(AssertionError, match="training mode"):
        fold_batch_norm(of_edge((2,), linear(3), "batch_norm").train())
