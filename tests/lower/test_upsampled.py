"""A convolution of an upsampled image, computed on the small one."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from bsnc.ir import Graph
from bsnc.lower import join_upsampling, lower_static, upsampled
from bsnc.lower.upsampled import WORTH, follows_upsampling, upsampled_convolution
from tests.laws.build import FIXED, conv, network, upsample
from tests.laws.strategies import law, networks
from tests.laws.weights import examples, randomise


def gradients(convolution: nn.Conv2d, x: Tensor, out: Tensor) -> list[Tensor]:
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
    return [*torch.autograd.grad((out * weights).sum(), [x, *convolution.parameters()])]


@law(60)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_it_is_the_same_with_the_same_gradients(c: int, d: int, height: int, width: int, bias: bool) -> None:
    convolution = nn.Conv2d(c, d, 3, padding=1, bias=bias).double()
    x = torch.randn(2, c, height, width, dtype=torch.float64, requires_grad=True)
    expected = convolution(functional.interpolate(x, scale_factor=2.0))
    found = upsampled_convolution(convolution, x)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    pairs = zip(gradients(convolution, x, found), gradients(convolution, x, expected), strict=True)
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@law(40)
@given(networks(max_gates=6), st.integers(0, 99))
def test_a_network_in_which_they_are_joined_computes_the_same(graph: Graph, seed: int) -> None:
    plain = lower_static(graph).double()
    randomise(plain, seed)
    x = examples(graph, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upsampled, "WORTH", 0)
        joined = join_upsampling(plain)
        before = {name: value.clone() for name, value in plain.named_buffers()}
        found = joined(x)
        for name, value in plain.named_buffers():
            value.copy_(before[name])
    torch.testing.assert_close(found, plain(x), rtol=1e-8, atol=1e-8)
    assert {id(p) for p in joined.parameters()} == {id(p) for p in plain.parameters()}


def test_joined_modules_are_those_of_the_network() -> None:
    links = [("x", "h", [upsample(2), conv(3), "batch_norm"], FIXED), ("h", "y", [upsample(2), "relu"], FIXED)]
    plain = lower_static(network((2, 4, 4), {"h": [], "y": []}, links))
    joined = join_upsampling(plain)
    calls = [str(node.target) for node in joined.graph.nodes if node.op == "call_module"]
    assert calls == ["joined_x__h_conv", "edges.x__h.batch_norm", "edges.h__y.upsample", "edges.h__y.relu"]
    assert joined.joined_x__h_conv.convolution is plain.edges.x__h.conv


def test_it_is_done_where_it_is_worth_it() -> None:
    upsample, convolution = nn.Upsample(scale_factor=2.0), nn.Conv2d(32, 32, 3, padding=1)
    assert not follows_upsampling(upsample, convolution, torch.empty(1, 32, 2, 2))
    assert follows_upsampling(upsample, convolution, torch.empty(1, 32, 4, 4))
    assert 4 * 4 * 4 * 9 * 32 * 32 >= WORTH > 4 * 2 * 2 * 9 * 32 * 32


@pytest.mark.parametrize(
    ("upsample", "convolution"),
    [
        (nn.Upsample(scale_factor=4.0), nn.Conv2d(8, 8, 3, padding=1)),
        (nn.Upsample(scale_factor=2.0, mode="bilinear"), nn.Conv2d(8, 8, 3, padding=1)),
        (nn.Upsample(size=(4, 4)), nn.Conv2d(8, 8, 3, padding=1)),
        (nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)),
        (nn.Upsample(scale_factor=2.0), nn.Conv2d(8, 8, 5, padding=2)),
        (nn.Upsample(scale_factor=2.0), nn.Conv2d(8, 8, 3, padding=1, stride=2)),
        (nn.Upsample(scale_factor=2.0), nn.Conv2d(8, 8, 3, padding=0)),
        (nn.Upsample(scale_factor=2.0), nn.Conv2d(8, 8, 3, padding=1, groups=2)),
        (nn.Upsample(scale_factor=2.0), nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular")),
        (nn.Upsample(scale_factor=2.0), nn.BatchNorm2d(8)),
    ],
)
def test_other_pairs_are_left_as_they_are(
    upsample: nn.Module, convolution: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upsampled, "WORTH", 0)
    assert not follows_upsampling(upsample, convolution, torch.empty(1, 8, 2, 2))
