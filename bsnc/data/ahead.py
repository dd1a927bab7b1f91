"""Batches of a split, read ahead by other threads where reading takes time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from bsnc.data.examples import Split

IN_HAND = 2**29
"""Bytes of a split that memory surely holds: to look up its rows takes no time to speak of."""
WORKERS = 4
AHEAD = 8
"""Batches that wait at most."""


def batches_of(split: Split, chosen: Iterable[Tensor], device: torch.device) -> Iterator[Split]:
    """For each of the tensors of rows a batch on the device, in their order."""
    if split.device == device and split.nbytes <= IN_HAND:
        yield from (split[rows] for rows in chosen)
        return
    waiting: deque[Future[Split]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for rows in chosen:
            waiting.append(pool.submit(_batch, split, rows, device))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _batch(split: Split, rows: Tensor, device: torch.device) -> Split:
    """In pinned memory on its way to a GPU, so that copying it does not hold up the steps before it."""
    batch = split[rows]
    if device.type == "cuda":
        batch = Split(batch.inputs.pin_memory(), batch.targets.pin_memory())
    return batch.to(device)
