"""Splits that a source does not have: shares of its training examples, fixed by a seed of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from bsnc.data.sources import RawSplit, RawSplits, unusable
from bsnc.diagnostics import counted
from bsnc.ir import DataConfig


def with_every_split(raw: RawSplits, config: DataConfig) -> RawSplits:
    """The same with a test split, and with one for validation where a share for it is given, both out of the training
    examples; rows keep their order. Raises Diagnosed (BSN501) where a split would be empty."""
    test = None if raw.test is not None else config.test
    validation = None if raw.validation is not None else config.validation
    if test is None and validation is None:
        return raw
    if (test or 0) + (validation or 0) >= 1:
        raise unusable("`test` and `validation` leave no examples to train on", raw.name)
    labels = raw.train.targets if config.target == "class" else None
    held = torch.zeros(len(raw.train), dtype=torch.int64)
    held[held_rows(len(held), labels, test or 0, config.split_seed)] = 1
    rest = torch.nonzero(held == 0)[:, 0]
    share = (validation or 0) / (1 - (test or 0))
    held[rest[held_rows(len(rest), None if labels is None else labels[rest], share, config.split_seed)]] = 2
    parts = {name: _part(raw.train, held == number) for name, number in (("train", 0), ("test", 1), ("validation", 2))}
    wanted = {"train"} | ({"test"} if test else set()) | ({"validation"} if validation else set())
    empty = next((name for name in sorted(wanted) if not len(parts[name])), None)
    if empty is not None:
        message = f"a share of {counted(len(held), 'training example')} leaves none for split `{empty}`"
        raise unusable(message, raw.name, "give a larger share, or more examples")
    return replace(raw, **{name: parts[name] for name in wanted})


def held_rows(count: int, labels: Tensor | None, share: float, seed: int) -> Tensor:
    """The rows, ascending, that make up a share of so many, rounded down; of each class its share within one row.

    Rows are shuffled, sorted by class, and every (1 / share)-th is taken.
    """
    order = np.random.default_rng(seed).permutation(count)
    if labels is not None:
        order = order[np.argsort(labels.numpy()[order], kind="stable")]
    steps = np.floor(np.arange(count + 1) * share + 1e-9)
    return torch.from_numpy(np.sort(order[np.diff(steps) > 0]))


def _part(split: RawSplit, chosen: Tensor) -> RawSplit:
    rows = torch.nonzero(chosen)[:, 0]
    return replace(split, examples=split.examples.subset(rows))
