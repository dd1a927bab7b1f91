"""Batch norms whose batch is not all of one tensor: some of its rows, or the rows of several processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

Forward = Callable[[Tensor], Tensor]
_FORWARD = "forward"


@contextmanager
def replaced(forwards: Iterable[tuple[_BatchNorm, Forward]]) -> Generator[None, None, None]:
    """Meanwhile batch norms compute something else."""
    pairs = list(forwards)
    before = [(norm, norm.__dict__.get(_FORWARD)) for norm, _ in pairs]
    for norm, forward in pairs:
        setattr(norm, _FORWARD, forward)
    try:
        yield
    finally:
        for norm, forward in before:
            delattr(norm, _FORWARD)
            if forward is not None:
                setattr(norm, _FORWARD, forward)


def running_where_single(norms: Iterable[_BatchNorm]) -> AbstractContextManager[None]:
    """Meanwhile a batch norm that sees a single value per channel, which has no variance to normalise by, uses its
    running statistics, and leaves them as they are. One that is replaced already, and may see more, stays as it is."""
    own = [norm for norm in norms if _FORWARD not in norm.__dict__]
    return replaced((norm, partial(_running_where_single, norm)) for norm in own)


def _running_where_single(norm: _BatchNorm, value: Tensor) -> Tensor:
    return by_running_statistics(norm, value) if is_single(value) else type(norm).forward(norm, value)


def is_single(value: Tensor) -> bool:
    """Whether `[b, C, …]` has one value per channel."""
    return value.numel() == value.shape[1]


def by_running_statistics(norm: _BatchNorm, value: Tensor) -> Tensor:
    """As in evaluation mode."""
    mean, variance = norm.running_mean, norm.running_var
    return functional.batch_norm(value, mean, variance, norm.weight, norm.bias, training=False, eps=norm.eps)


def batch_norm_of_rows(
    norm: _BatchNorm, value: Tensor, live: Tensor | None, total: Callable[[Tensor], Tensor] | None
) -> Tensor:
    """What `norm` gives for values `[b, C, …]`, its statistics taken over the `live` rows `[b]`, bool, None for all, of
    all tensors over which `total` adds up, if there are others: mean, then variance around it, in float32.

    A single value per channel has no variance: the running statistics are used then, and stay.
    """
    if not norm.training:
        return type(norm).forward(norm, value)
    total = total or (lambda sums: sums)
    wide = value.to(torch.promote_types(value.dtype, torch.float32))
    over, shape = [d for d in range(value.ndim) if d != 1], (1, -1, *(1,) * (value.ndim - 2))
    rows = wide.new_ones(len(value)) if live is None else live.to(wide.dtype)
    count = rows.sum() * (value.numel() // max(1, len(value) * value.shape[1]))
    sums = total(torch.cat([_of_live(wide, live).sum(over), count[None]]))
    counted = sums[-1].detach()
    mean = sums[:-1] / counted.clamp(min=1)
    variance = total(_of_live((wide - mean.view(shape)).square(), live).sum(over)) / counted.clamp(min=1)
    if norm.running_mean is not None and norm.running_var is not None:
        mean = torch.where(counted > 1, mean, norm.running_mean)
        variance = torch.where(counted > 1, variance, norm.running_var)
        if norm.track_running_stats:
            _track(norm, counted, mean.detach(), variance.detach())
    normal = (wide - mean.view(shape)) * torch.rsqrt(variance + norm.eps).view(shape)
    return normal * norm.weight.view(shape) + norm.bias.view(shape) if norm.affine else normal


def _of_live(value: Tensor, live: Tensor | None) -> Tensor:
    """Zero in the other rows, whatever is there."""
    return value if live is None else torch.where(live.view(-1, *(1,) * (value.ndim - 1)), value, 0.0)


def _track(norm: _BatchNorm, total: Tensor, mean: Tensor, variance: Tensor) -> None:
    """Running statistics after a batch of `total` values per channel; `variance` is that of the batch itself."""
    assert norm.running_mean is not None and norm.running_var is not None and norm.num_batches_tracked is not None
    counts = (total > 1).to(norm.num_batches_tracked.dtype)
    norm.num_batches_tracked += counts
    share = 1 / norm.num_batches_tracked.clamp(min=1) if norm.momentum is None else norm.momentum
    weight = counts.to(norm.running_mean.dtype) * share
    norm.running_mean.lerp_(mean.to(weight.dtype), weight)
    norm.running_var.lerp_((variance * total / (total - 1).clamp(min=1)).to(weight.dtype), weight)
