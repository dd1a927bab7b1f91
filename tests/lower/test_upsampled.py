"""A convolution of an upsampled image, computed on the small one."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from bsnc.lower import upsampled
from bsnc.lower.upsampled import WORTH, follows_upsampling, upsampled_convolution
from tests.laws.strategies import law


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
