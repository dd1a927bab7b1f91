"""Execution of an SS-network by rows: an edge runs on just those examples of the batch in which it is live.

So a dropped edge can touch no output, no gradient and no batch statistic: it never sees the example.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from bsnc.ir import NEVER, Graph, Node, live_edges, reached_edges
from bsnc.lower.norms import by_running_statistics, is_single
from bsnc.lower.upsampled import follows_upsampling, upsampled_convolution
from bsnc.ops import EXTERN


@dataclass(frozen=True)
class LiveRows:
    """For each edge the rows of the batch in which it is live: None stands for all, else int64 indices.

    `inconsistent` counts the rows in which no edge is live; their output is that of an output node at which
    nothing arrives: its activations applied to zero.

    Where the rows are `shared`, a part of a batch of several processes, `runs` tells of each edge whether it is live in
    any row of the whole batch: then it runs in every process, on no rows if need be, so that all take part in its batch
    statistics and in the mean of its gradients.

    Under relaxed masks `weights` `[B, E]` are these, and the rows of an edge are those in which its source is reached:
    it runs there for the sake of its gradient, kept or not, and its output is multiplied by its weight. Those whose
    mask is NEVER do not run.
    """

    batch: int
    of_edge: Sequence[Tensor | None]
    inconsistent: int
    runs: Sequence[bool]
    shared: bool = False
    weights: Tensor | None = None


class FindLiveRows(nn.Module):
    """Masks `[B, E]` → LiveRows on the device of the module. Liveness is computed on the host, where masks belong.
    Masks that need a gradient are relaxed ones.

    With a `part` (rank, processes) masks are those of the whole batch, and rows are those of this part of it.
    """

    place: Tensor

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.part: tuple[int, int] = (0, 1)
        self.register_buffer("place", torch.empty(0), persistent=False)

    def forward(self, masks: Tensor) -> LiveRows:
        kept = (masks.detach() > 0).cpu().numpy()
        live = torch.from_numpy(live_edges(self.graph, kept))
        own = own_rows(len(live), *self.part)
        if masks.requires_grad:
            runs = torch.from_numpy(reached_edges(self.graph, kept)) & (masks.detach() != NEVER).cpu()
            rows = self._rows(runs, own)
            weights = masks[own].to(self.place.device)
            return replace(rows, inconsistent=int((~live[own].any(1)).sum()), weights=weights)
        return self._rows(live, own)

    def of_part(self, masks: Tensor) -> tuple[NDArray[np.bool_], LiveRows]:
        """Live edges `[b, E]` of this part of the batch, and all about them but the rows of each edge."""
        live = live_edges(self.graph, (masks > 0).cpu().numpy())
        own = live[own_rows(len(live), *self.part)]
        shared = self.part[1] > 1
        runs = torch.from_numpy(live).any(0).tolist()
        return own, LiveRows(len(own), (), int((~own.any(1)).sum()), runs, shared)

    def _rows(self, live: Tensor, own: slice) -> LiveRows:
        rows = rows_of(live[own], self.place.device)
        return rows if self.part[1] == 1 else replace(rows, runs=live.any(0).tolist(), shared=True)


def own_rows(batch: int, rank: int, processes: int) -> slice:
    """The part of a batch that one of several processes runs, all of them alike."""
    each = batch // processes
    return slice(rank * each, (rank + 1) * each)


def rows_of(live: Tensor, device: torch.device) -> LiveRows:
    """Live edges `[B, E]` (bool, on the host) → LiveRows on a device, which they reach in one piece."""
    batch, counts = len(live), live.sum(0).tolist()
    indices = live.T.nonzero()[:, 1].to(device)
    parts = indices.split(counts)
    rows = [None if count == batch else part for count, part in zip(counts, parts, strict=True)]
    return LiveRows(batch, rows, int((~live.any(1)).sum()), [count > 0 for count in counts])


class LiveEdge(nn.Sequential):
    """The ops of edge number `index`, run on its live rows.

    `forward(source [B, …], rows)` → `[b, …]` for the b live rows, or None where there are none.
    """

    def __init__(self, index: int, ops: dict[str, nn.Module]) -> None:
        super().__init__()
        self.index = index
        self.is_foreign = any(name.startswith(EXTERN) for name in ops)
        """Whether code of the user's own runs, which may write to what it takes."""
        for name, module in ops.items():
            self.add_module(name, module)

    def forward(self, source: Tensor, rows: LiveRows) -> Tensor | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        if not rows.runs[self.index]:
            return None
        chosen = rows.of_edge[self.index]
        value = self.run(source if chosen is None else source.index_select(0, chosen), rows.shared)
        return value if rows.weights is None else value * _weight(rows, self.index, value)

    def run(self, value: Tensor, shared: bool) -> Tensor:
        """Its ops, one after the other, on `[b, …]`."""
        waiting = [*self]
        while waiting:
            module = waiting.pop(0)
            following = waiting[0] if waiting else None
            if following is not None and follows_upsampling(module, following, value):
                value = upsampled_convolution(cast(nn.Conv2d, waiting.pop(0)), value)
            else:
                value = _apply(module, value, shared)
        return value

    def extra_repr(self) -> str:
        return f"index={self.index}"


def _weight(rows: LiveRows, edge: int, value: Tensor) -> Tensor:
    """Of an edge in its rows, `[b, 1, …]` for a value `[b, …]`."""
    assert rows.weights is not None
    chosen = rows.of_edge[edge]
    weight = rows.weights[:, edge] if chosen is None else rows.weights[chosen, edge]
    return weight.reshape(-1, *(1 for _ in value.shape[1:]))


def _apply(module: nn.Module, value: Tensor, shared: bool) -> Tensor:
    """A module on live rows. Batch norm that sees a single value per channel has no variance to normalise by:
    it uses, and leaves, its running statistics. One that shares its statistics sees to that itself."""
    if isinstance(module, _BatchNorm) and module.training and not shared and is_single(value):
        return by_running_statistics(module, value)
    return cast(Callable[[Tensor], Tensor], module)(value)


class LiveNode(nn.Module):
    """Aggregates what arrives over edges `indices`, row by row, then applies the activations; zero where nothing does.

    `forward(rows, like, *arrivals)`: `like` lends device and dtype, an arrival is `[b, …]` or None. Under autocast
    arrivals differ in dtype: the widest one is that of the node.
    """

    def __init__(self, node: Node, edges: Mapping[int, str], activations: dict[str, nn.Module]) -> None:
        """`edges`: the in-edges, index → name."""
        super().__init__()
        self.indices = tuple(edges)
        self.aggregation = node.aggregation
        self.shape = node.shape
        self.slots = slots_of(node, edges)
        self.activations = nn.Sequential(OrderedDict(activations))

    def forward(self, rows: LiveRows, like: Tensor, *arrivals: Tensor | None) -> Tensor:
        chosen = [rows.of_edge[index] for index in self.indices]
        weights = [None if rows.weights is None else rows.weights[:, index] for index in self.indices]
        like, values = _of_one_dtype(like, arrivals)
        total = _AGGREGATE[self.aggregation](self, rows.batch, like, list(zip(chosen, values, weights, strict=True)))
        return self.activations(total)

    def extra_repr(self) -> str:
        return f"{self.aggregation}, indices={list(self.indices)}, shape={list(self.shape)}"


def _of_one_dtype(like: Tensor, arrivals: Sequence[Tensor | None]) -> tuple[Tensor, Sequence[Tensor | None]]:
    """What arrives, and an empty tensor beside it, in the widest dtype of what arrives."""
    dtypes = {value.dtype for value in arrivals if value is not None}
    if dtypes <= {like.dtype}:
        return like, arrivals
    dtype = reduce(torch.promote_types, dtypes)
    return like.new_empty(0, dtype=dtype), [None if value is None else value.to(dtype) for value in arrivals]


def slots_of(node: Node, edges: Mapping[int, str]) -> tuple[tuple[int, int | None], ...]:
    """For each slot its channels and which of the in-edges fills it; None where that edge is gone."""
    position = {name: i for i, name in enumerate(edges.values())}
    return tuple((slot.channels, position.get(slot.edge)) for slot in node.slots)


Arrival = tuple[Tensor | None, Tensor | None, Tensor | None]
"""Rows of an edge, None for all; the values there, None where there are no rows; its weights `[B]`, if any."""


def _sum(node: LiveNode, batch: int, like: Tensor, arrivals: Sequence[Arrival]) -> Tensor:
    total: Tensor | None = None
    for chosen, value, _ in arrivals:
        if value is None:
            continue
        if chosen is None:
            total = value if total is None else total + value
            continue
        if total is None:
            total = value.new_zeros(batch, *node.shape)
        total = total.index_add(0, chosen, value)
    return like.new_zeros(batch, *node.shape) if total is None else total


def _mean(node: LiveNode, batch: int, like: Tensor, arrivals: Sequence[Arrival]) -> Tensor:
    """Over the live in-edges of each row."""
    count = like.new_zeros(batch)
    for chosen, value, weights in arrivals:
        if value is None:
            continue
        one = torch.ones_like(count) if weights is None else weights
        count = count + one if chosen is None else count.index_add(0, chosen, one[chosen])
    return _sum(node, batch, like, arrivals) / count.clamp(min=1).reshape(batch, *(1 for _ in node.shape))


def _max(node: LiveNode, batch: int, like: Tensor, arrivals: Sequence[Arrival]) -> Tensor:
    """Over the live in-edges of each row."""
    total: Tensor | None = None
    for chosen, value, weights in arrivals:
        if value is None:
            continue
        if chosen is not None:
            value = value.new_full((batch, *node.shape), -torch.inf).index_copy(0, chosen, value)
        if weights is not None:
            kept = weights.detach().bool().reshape(batch, *(1 for _ in node.shape))
            value = torch.where(kept, value, -torch.inf)
        total = value if total is None else torch.maximum(total, value)
    if total is None:
        return like.new_zeros(batch, *node.shape)
    return torch.where(total == -torch.inf, 0.0, total)


def _concat(node: LiveNode, batch: int, like: Tensor, arrivals: Sequence[Arrival]) -> Tensor:
    """Zeros in the place of what is not live."""
    parts: list[Tensor] = []
    for channels, arrival in node.slots:
        chosen, value, _ = (None, None, None) if arrival is None else arrivals[arrival]
        if chosen is None and value is not None:
            parts.append(value)
            continue
        empty = like.new_zeros(batch, channels, *node.shape[1:])
        parts.append(empty if value is None or chosen is None else empty.index_copy(0, chosen, value))
    return torch.cat(parts, dim=1)


_AGGREGATE = {"sum": _sum, "mean": _mean, "max": _max, "concat": _concat}
