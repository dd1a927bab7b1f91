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
from bsnc.lower.norms import batch_norm_of_rows, replaced


@contextmanager
def sharing(network: nn.Module, rank: int, processes: int) -> Generator[None, None, None]:
    """Meanwhile, in training mode, batch norms take their statistics over the rows of all processes, and a network that
    takes masks takes those of the whole batch, of which it runs its own part. With one process nothing changes."""
    if processes == 1:
        yield
        return
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    finders = [module for module in network.modules() if isinstance(module, FindLiveRows)]
    for finder in finders:
        finder.part = (rank, processes)
    try:
        with replaced((norm, partial(_shared_batch_norm, norm)) for norm in norms):
            yield
    finally:
        for finder in finders:
            finder.part = (0, 1)


def _shared_batch_norm(norm: _BatchNorm, value: Tensor) -> Tensor:
    """Over the rows of all processes, of which some may have none. torch's SyncBatchNorm needs some in each."""
    return batch_norm_of_rows(norm, value, None, sum_over_processes)


def sum_over_processes(values: Tensor) -> Tensor:
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
