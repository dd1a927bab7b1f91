"""What must hold of every example before anything is trained on it; the message names file and row."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import torch
from torch import Tensor

from bsnc.data.examples import Split
from bsnc.data.sources import RawSplit, RawSplits, unusable
from bsnc.diagnostics import Diagnosed
from bsnc.ir import DataConfig

_ROWS = 4096
"""Rows that are looked at together."""


def check_not_empty(raw: RawSplits) -> None:
    """Raises Diagnosed (BSN501) where examples hold no number, or nothing is to be predicted."""
    for name, split in raw.named():
        for what, shape in (("inputs", split.examples.shape), ("labels", split.examples.target_shape)):
            if not prod(shape):
                raise unusable(
                    f"{what} of split `{name}` are of shape {list(shape)}: there is nothing in them", raw.name
                )


def check_examples(raw: RawSplits, config: DataConfig, classes: int) -> None:
    """Raises Diagnosed (BSN532) at the first example with an input or value that is not finite, or with a label that
    is none of `classes`: those that the source names, else those of the network's output."""
    whose = "the network's output has" if raw.class_names is None else "the data names"
    for name, split in raw.named():
        if (row := _first(split, lambda part: ~_finite(part.inputs))) is not None:
            raise split.bad(row, f"an input of split `{name}` is not finite")
        if config.target == "value":
            if (row := _first(split, lambda part: ~_finite(part.targets))) is not None:
                raise split.bad_label(row, f"a value of split `{name}` is not finite")
        elif (row := _first(split, lambda part: _unknown(part.targets, config, classes))) is not None:
            raise _no_class(split, row, name, config, f"{whose} {_classes(classes)}", classes)
        elif config.target == "mask" and _first(split, lambda part: part.targets.long() != config.ignore) is None:
            message = f"no pixel of split `{name}` counts: all have the label `ignore = {config.ignore}`"
            raise unusable(message, raw.name)


def _unknown(targets: Tensor, config: DataConfig, classes: int) -> Tensor:
    """Which labels `[N, 1]`, or pixels `[N, H, W]`, are no class and do not count as one left out."""
    targets = targets.long()  # bytes would be compared with bytes
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


def _finite(values: Tensor) -> Tensor:
    """Which are finite."""
    return torch.isfinite(values) if values.is_floating_point() else torch.ones(len(values), 1, dtype=torch.bool)


def _first(split: RawSplit, bad: Callable[[Split], Tensor]) -> int | None:
    """The first example of which anything is bad, by a function of some examples → `[n, …]` (bool)."""
    for number, part in enumerate(split.examples.parts(_ROWS)):
        found = torch.nonzero(bad(part).flatten(1).any(1))
        if len(found):
            return number * _ROWS + int(found[0, 0])
    return None
