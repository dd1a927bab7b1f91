"""Images with channels last: what oneDNN does not survive is not asked of it."""

import subprocess
import sys

import pytest

STRIDED = """
import torch
from bsnc.lower.modules import build_op
from tests.laws.build import call
module = build_op(call("conv", ({channels}, 32, 32), channels=8, kernel=1, stride=2))
for i in range(60):
    x = torch.randn(8, {channels}, 32, 32).contiguous(memory_format=torch.channels_last).requires_grad_()
    y = module(x)
    y.backward(torch.randn_like(y).contiguous(memory_format=torch.channels_last))
    rest = [torch.randn(37 * (i % 5 + 1)) for _ in range(50)]
"""

GROUP_NORM = """
import torch
from bsnc.lower.modules import build_op
from tests.laws.build import call
module = build_op(call("group_norm", (3, {size}, {size}), groups=1))
for _ in range(100):
    module(torch.randn(16, 3, {size}, {size}).contiguous(memory_format=torch.channels_last)).square().sum().backward()
"""


@pytest.mark.parametrize("channels", [4, 7])
def test_a_strided_convolution_of_kernel_1_leaves_the_heap_whole(channels: int) -> None:
    survives(STRIDED.format(channels=channels))


@pytest.mark.parametrize("size", [4, 32])
def test_a_group_norm_of_images_survives_its_backward_pass(size: int) -> None:
    survives(GROUP_NORM.format(size=size))


def survives(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
