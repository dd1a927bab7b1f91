"""Execution of an SS-network that computes every edge for every example, and leaves out what is not live.

Exact: the same as execution by rows, up to rounding; batch statistics of an edge are those of its live rows. It costs
the same whatever the masks are, and no shape depends on them. Non-goal: relaxed masks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from bsnc.lower.live_rows import FindLiveRows, LiveEdge, LiveRows
from bsnc.lower.norms import batch_norm_of_rows, replaced
from bsnc.lower.sharing import sum_over_processes


def run_dense(network: fx.GraphModule, x: Tensor, masks: Tensor) -> Tensor:
    """`network(x [B, …], masks [B, E])` → `[B, …]`; in one of several processes of its part of a batch."""
    finder = cast(FindLiveRows, network.get_submodule("live_rows"))
    own, rows = finder.of_part(masks)
    live, edges = torch.from_numpy(own).to(x.device), own.shape[1]
    rows = replace(rows, of_edge=[None] * edges, runs=[True] * edges, weights=live.to(x.dtype))
    total = sum_over_processes if rows.shared else None
    with replaced(_norms_of_live_rows(network, live, total)):
        return cast(Tensor, _Dense(network, live, rows).run(x, masks))


class _Dense(fx.Interpreter):
    """Runs lowered code with edges that give zero in rows in which they are not live."""

    def __init__(self, network: fx.GraphModule, live: Tensor, rows: LiveRows) -> None:
        super().__init__(network)
        self.live, self.rows = live, rows

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module = self.fetch_attr(str(target))
        if isinstance(module, FindLiveRows):
            return self.rows
        if not isinstance(module, LiveEdge):
            return super().call_module(target, args, kwargs)
        taken = args[0].clone() if module.is_foreign else args[0]
        given = module.run(taken, shared=True)
        return torch.where(self.live[:, module.index].view(-1, *(1,) * (given.ndim - 1)), given, 0.0)


def _norms_of_live_rows(
    network: nn.Module, live: Tensor, total: Callable[[Tensor], Tensor] | None
) -> Iterator[tuple[_BatchNorm, Callable[[Tensor], Tensor]]]:
    """Batch norms of edges, with statistics over the rows in which the edge is live, `[B, E]`."""
    for edge in network.modules():
        for part in edge.modules() if isinstance(edge, LiveEdge) else ():
            if isinstance(part, _BatchNorm):
                yield part, partial(batch_norm_of_rows, part, live=live[:, cast(LiveEdge, edge).index], total=total)
