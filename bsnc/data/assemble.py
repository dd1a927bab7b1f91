"""Raw splits and section `data` → a data set that fits the network."""

from __future__ import annotations

import torch
from torch import Tensor

from bsnc.data.checks import check_examples, check_not_empty
from bsnc.data.dataset import Dataset, Split
from bsnc.data.fit import check_fit
from bsnc.data.sources import RawSplit, RawSplits
from bsnc.data.split import with_every_split
from bsnc.data.task import task_of
from bsnc.ir import DataConfig, Graph

_ROWS = 1024
"""Rows of uint8 that are floating-point numbers at once."""
_CONSTANT = 1e-6
"""A deviation, as a share of the mean, below which a channel only varies by rounding."""


def assemble(raw: RawSplits, config: DataConfig, graph: Graph) -> Dataset:
    """All splits, checked, with statistics of the training inputs. Raises Diagnosed (BSN501, BSN532)."""
    classes = graph.output.shape[0]
    check_not_empty(raw)
    names = class_names(raw, config, classes)
    check_examples(raw, config, classes if raw.class_names is None else len(raw.class_names))
    splits = with_every_split(raw, config)
    assert splits.test is not None
    mean, std = statistics(splits.train.inputs)
    validation = None if splits.validation is None else _as_split(splits.validation)
    task = task_of(config, splits.train.targets)
    dataset = Dataset(_as_split(splits.train), _as_split(splits.test), names or (), mean, std, validation, task=task)
    check_fit(dataset, graph)
    return dataset


def class_names(raw: RawSplits, config: DataConfig, classes: int) -> tuple[str, ...] | None:
    """Those that the source gives; of classes without names their numbers, as many as the network tells apart; None
    of masks without names and of values."""
    if config.target == "value":
        return None
    if raw.class_names is not None or config.target == "mask":
        return raw.class_names
    return tuple(str(number) for number in range(classes))


def statistics(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation `[C]` over all but the second dimension of `[N, C, …]`, of uint8 in units of [0, 1]. The
    deviation of a channel that is constant is 1: it must not divide by zero."""
    if inputs.dtype == torch.uint8:
        mean, std = _of_bytes(inputs)
    else:
        over = [d for d in range(inputs.ndim) if d != 1]
        wide = inputs.double()
        mean, std = wide.mean(over), wide.std(over, correction=min(1, inputs[:, 0].numel() - 1))
        mean, std = mean.float(), std.float()
    varies = std > _CONSTANT * mean.abs()
    return mean, torch.where(varies, std, torch.ones_like(std))


def _of_bytes(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """By exact sums of integers, part by part."""
    over = [d for d in range(inputs.ndim) if d != 1]
    channels, count = inputs.shape[1], inputs.numel() // inputs.shape[1]
    total, squares = torch.zeros(2, channels, dtype=torch.float64)
    for part in inputs.split(_ROWS):
        wide = part.to(torch.int32)
        total += wide.sum(over)
        squares += (wide * wide).sum(over)
    mean = total / count
    variance = (squares - count * mean * mean) / max(1, count - 1)
    return (mean / 255).float(), (variance.clamp_min(0).sqrt() / 255).float()


def _as_split(raw: RawSplit) -> Split:
    return Split(raw.inputs, raw.targets)
