"""What must hold of every example before anything is trained on it; the message names file and row."""

from __future__ import annotations

import torch
from torch import Tensor

from bsnc.data.sources import RawSplit, RawSplits, unusable
from bsnc.diagnostics import Diagnosed
from bsnc.ir import DataConfig

_ROWS = 4096
"""Rows that are looked at together."""


def check_not_empty(raw: RawSplits) -> None:
    """Raises Diagnosed (BSN501) where examples hold no number, or nothing is to be predicted."""
    for name, split in raw.named():
        for what, values in (("inputs", split.inputs), ("labels", split.targets)):
            if not values.numel():
                shape = list(values.shape[1:])
                raise unusable(f"{what} of split `{name}` are of shape {shape}: there is nothing in them", raw.name)


def check_examples(raw: RawSplits, config: DataConfig, classes: int) -> None:
    """Raises Diagnosed (BSN532) at the first example with an input or value that is not finite, or with a label that
    is none of `classes`: those that the source names, else those of the network's output."""
    whose = "the network's output has" if raw.class_names is None else "the data names"
    for name, split in raw.named():
        if (row := _first(~_finite_rows(split.inputs))) is not None:
            raise split.bad(row, f"an input of split `{name}` is not finite")
        if config.target == "value":
            if (row := _first(~_finite_rows(split.targets))) is not None:
                raise split.bad_label(row, f"a value of split `{name}` is not finite")
        elif (row := _first(_unknown(split.targets, config, classes).flatten(1).any(1))) is not None:
            raise _no_class(split, row, name, config, f"{whose} {_classes(classes)}", classes)
        elif config.target == "mask" and bool((split.targets == config.ignore).all()):
            message = f"no pixel of split `{name}` counts: all have the label `ignore = {config.ignore}`"
            raise unusable(message, raw.name)


def _unknown(targets: Tensor, config: DataConfig, classes: int) -> Tensor:
    """Which labels `[N, 1]`, or pixels `[N, H, W]`, are no class and do not count as one left out."""
    outside = (targets < 0) | (targets >= classes)
    if config.target == "mask" and config.ignore is not None:
        outside &= targets != config.ignore
    return outside if outside.ndim > 1 else outside[:, None]


def _no_class(split: RawSplit, row: int, name: str, config: DataConfig, known: str, classes: int) -> Diagnosed:
    targets = split.targets[row : row + 1]
    label = int(targets.reshape(-1)[_unknown(targets, config, classes).reshape(-1)][0])
    help_text = None
    if config.target == "mask" and config.ignore is None and label >= 0:
        help_text = f"`ignore = {label}` in section `data` leaves such pixels out"
    return split.bad_label(row, f"label {label} in split `{name}`, but {known}", help_text)


def _classes(number: int) -> str:
    return "1 class, 0" if number == 1 else f"{number} classes, 0 to {number - 1}"


def _finite_rows(values: Tensor) -> Tensor:
    """`[N]`: whether all of a row is finite."""
    if not values.is_floating_point():
        return torch.ones(len(values), dtype=torch.bool)
    return torch.cat([torch.isfinite(part).flatten(1).all(1) for part in values.split(_ROWS)])


def _first(bad: Tensor) -> int | None:
    found = torch.nonzero(bad)
    return int(found[0, 0]) if len(found) else None
