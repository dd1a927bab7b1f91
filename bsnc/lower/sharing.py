"""A network that trains in several processes, each on a part of the batch, as it would in one on the whole batch."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from bsnc.lower.live_rows import FindLiveRows

_FORWARD = "forward"


@contextmanager
def sharing(network: nn.Module, rank: int, processes: int) -> Generator[None, None, None]:
    """Meanwhile, in training mode, batch norms take their statistics over the rows of all processes, and a network that
    takes masks takes those of the whole batch, of which it runs its own part. With one process nothing changes."""
    if processes == 1:
        yield
        return
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    finders = [module for module in network.modules() if isinstance(module, FindLiveRows)]
    for norm in norms:
        setattr(norm, _FORWARD, partial(shared_batch_norm, norm))
    for finder in finders:
        finder.part = (rank, processes)
    try:
        yield
    finally:
        for norm in norms:
            delattr(norm, _FORWARD)
        for finder in finders:
            finder.part = (0, 1)


def shared_batch_norm(norm: _BatchNorm, value: Tensor) -> Tensor:
    """What `norm` gives for the values `[b, C, …]` of all processes together, of which some may have no rows: mean,
    then variance around it, in float32. A single value per channel has no variance: as within one process the running
    statistics are used then, and stay. torch's SyncBatchNorm does neither, and only runs on GPUs."""
    if not norm.training:
        return type(norm).forward(norm, value)
    over, wide = [d for d in range(value.ndim) if d != 1], value.float()
    shape = (1, -1, *(1,) * (value.ndim - 2))
    count = wide.new_full((1,), value.numel() / value.shape[1])
    sums = _sum(torch.cat([wide.sum(over), count]))
    total, mean = sums[-1].detach(), sums[:-1] / sums[-1]
    variance = _sum((wide - mean.view(shape)).square().sum(over)) / total
    if norm.running_mean is not None and norm.running_var is not None:
        mean = torch.where(total > 1, mean, norm.running_mean)
        variance = torch.where(total > 1, variance, norm.running_var)
        if norm.track_running_stats:
            _track(norm, total, mean.detach(), variance.detach())
    value = (wide - mean.view(shape)) * torch.rsqrt(variance + norm.eps).view(shape)
    return value * norm.weight.view(shape) + norm.bias.view(shape) if norm.affine else value


def _track(norm: _BatchNorm, total: Tensor, mean: Tensor, variance: Tensor) -> None:
    """Running statistics after a batch of `total` values per channel; `variance` is that of the batch itself."""
    assert norm.running_mean is not None and norm.running_var is not None and norm.num_batches_tracked is not None
    counts = (total > 1).to(norm.num_batches_tracked.dtype)
    norm.num_batches_tracked += counts
    share = 1 / norm.num_batches_tracked.clamp(min=1) if norm.momentum is None else norm.momentum
    norm.running_mean.lerp_(mean, counts * share)
    norm.running_var.lerp_(variance * total / (total - 1).clamp(min=1), counts * share)


def _sum(values: Tensor) -> Tensor:
    """Over all processes; gradients go through."""
    return cast(Tensor, _SumOverProcesses.apply(values))


class _SumOverProcesses(torch.autograd.Function):
    """Each process has a part of the loss, of which the whole is the sum: so gradients are summed too."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:  # noqa: ARG004  # pyright: ignore[reportIncompatibleMethodOverride]
        total = values.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _SumOverProcesses.forward(ctx, gradient)
