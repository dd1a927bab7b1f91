"""Convolutions of images that were upsampled just before, computed on the small image.

Exact up to rounding. Non-goals: the exported file, which has them as they are written (ADR 18); other
kernels and scales.

Nearest upsampling by 2 followed by a 3×3 convolution with padding 1 is a transposed convolution with a 4×4 kernel,
stride 2 and padding 1: for each parity of a position, two of the three rows of the kernel meet the same pixel. It has
4/9 of the multiply-adds, and the large image need not be made. Few multiply-adds are done faster as they are written.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional

WORTH = 500_000
"""Multiply-adds of one example from which it is faster, measured for forward and backward on a CPU
(`benchmarks/upsampling_in_training.py`)."""

_ROWS = ((0, 0, 1), (0, 1, 1), (1, 1, 0), (1, 0, 0))
"""Row k of the 4×4 kernel as a sum of those of the 3×3 one, in each dimension."""


def follows_upsampling(upsample: nn.Module, following: nn.Module, value: Tensor) -> bool:
    """Whether the two are nearest upsampling by 2 and a 3×3 convolution as above, and `upsampled_convolution` is the
    faster way for a value `[b, …]`."""
    return (
        isinstance(upsample, nn.Upsample)
        and isinstance(following, nn.Conv2d)
        and upsample.mode == "nearest"
        and upsample.size is None
        and upsample.scale_factor in (2, (2, 2))
        and (following.kernel_size, following.stride, following.padding) == ((3, 3), (1, 1), (1, 1))
        and (following.dilation, following.groups, following.padding_mode) == ((1, 1), 1, "zeros")
        and 4 * prod(value.shape[2:]) * following.weight.numel() >= WORTH
    )


def upsampled_convolution(convolution: nn.Conv2d, value: Tensor) -> Tensor:
    """Of the image `[b, C, H, W]`, upsampled by 2: `[b, C', 2H, 2W]`."""
    kernel = transposed_kernel(convolution.weight)
    return functional.conv_transpose2d(value, kernel, convolution.bias, stride=2, padding=1)


def transposed_kernel(kernel: Tensor) -> Tensor:
    """`[C', C, 3, 3]` → that of the transposed convolution, `[C, C', 4, 4]`."""
    sums = kernel.new_tensor(_ROWS)
    return torch.einsum("ky,oiyx,lx->iokl", sums, kernel, sums)
