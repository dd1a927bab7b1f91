"""Raw splits and section `data` → a data set that fits the network."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import torch
from torch import Tensor

from bsnc.data.checks import check_examples, check_not_empty
from bsnc.data.dataset import Dataset
from bsnc.data.examples import Split
from bsnc.data.fit import check_fit
from bsnc.data.sources import RawSplits
from bsnc.data.split import with_every_split
from bsnc.data.task import task_of
from bsnc.ir import DataConfig, Graph

_ROWS = 1024
"""Rows that are float64 at once."""
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
    train, test = splits.train.examples, splits.test.examples
    validation = None if splits.validation is None else splits.validation.examples
    dataset = Dataset(train, test, names or (), *statistics(train), validation, task=task_of(config, train))
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


def statistics(split: Split) -> tuple[Tensor, Tensor]:
    """Mean and deviation `[C]` of inputs `[N, C, …]` over all but the second dimension, of uint8 in units of [0, 1],
    part by part. The deviation of a channel that is constant is 1: it must not divide by zero."""
    count = len(split) * prod(split.shape[1:])
    mean = _sum_of(split, lambda inputs: inputs) / count
    centre = mean.view(-1, *(1,) * (len(split.shape) - 1))
    std = (_sum_of(split, lambda inputs: (inputs - centre) ** 2) / max(1, count - 1)).sqrt()
    if split.dtype == torch.uint8:
        mean, std = mean / 255, std / 255
    varies = std > _CONSTANT * mean.abs()
    return mean.float(), torch.where(varies, std, torch.ones_like(std)).float()


def _sum_of(split: Split, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Over the inputs, in float64; `[C]`."""
    over = [d for d in range(len(split.shape) + 1) if d != 1]
    return torch.stack([function(part.inputs.double()).sum(over) for part in split.parts(_ROWS)]).sum(0)
