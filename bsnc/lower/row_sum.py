"""Sums of tensors that each cover some rows of a batch, in one tensor, in place."""

from __future__ import annotations

import torch
from torch import Tensor


class RowSum:
    """A sum `[B, …]` of tensors that cover some of its rows, or all; None where nothing has been added yet."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.total: Tensor | None = None
        self._is_own = False
        """Whether nobody else holds the total."""

    @property
    def own(self) -> Tensor | None:
        """The total, if it may be written to."""
        return self.total if self._is_own else None

    def add(self, rows: Tensor | None, value: Tensor, is_own: bool = False) -> None:
        """Values `[b, …]` for b rows, int64, None for all of them. `is_own`: nobody else needs the values any more."""
        if self.total is None:
            self.total = value if rows is None else _spread(value, rows, self.batch)
            self._is_own = is_own or rows is not None
            return
        if not self._is_own or self.total.dtype != value.dtype:
            self.total = self.total.to(torch.promote_types(self.total.dtype, value.dtype), copy=True)
            self._is_own = True
        if rows is None:
            self.total.add_(value)
        else:
            layout = layout_of(self.total)
            _flat(self.total, layout).index_add_(0, rows, _flat(value.to(self.total.dtype), layout))


def take_rows(value: Tensor, rows: Tensor | None) -> Tensor:
    """`[B, …]` → `[b, …]` of the same layout, for b rows, None for all of them."""
    if rows is None:
        return value
    layout = layout_of(value)
    return _like(_flat(value, layout).index_select(0, rows), value, layout)


def layout_of(value: Tensor) -> torch.memory_format:
    """How the numbers of an example lie in memory: its channels last, or as they are written."""
    is_last = value.ndim == 4 and value.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if is_last else torch.contiguous_format


def _spread(value: Tensor, rows: Tensor, batch: int) -> Tensor:
    """Zeros `[B, …]` but in these rows."""
    layout = layout_of(value)
    flat = _flat(value, layout)
    return _like(flat.new_zeros(batch, flat.shape[1]).index_copy_(0, rows, flat), value, layout)


def _flat(value: Tensor, layout: torch.memory_format) -> Tensor:
    """`[b, …]` as `[b, n]`, without a copy where it is of that layout."""
    value = value.contiguous(memory_format=layout)
    if layout == torch.channels_last:
        value = value.permute(0, 2, 3, 1)
    return value.flatten(1)


def _like(flat: Tensor, value: Tensor, layout: torch.memory_format) -> Tensor:
    """`[b, n]` → `[b, …]` with the shape of another's examples."""
    shape = value.shape[1:]
    if layout == torch.channels_last:
        return flat.view(len(flat), *shape[1:], shape[0]).permute(0, 3, 1, 2)
    return flat.view(len(flat), *shape)
