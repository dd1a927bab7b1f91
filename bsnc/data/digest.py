"""Whether data are those of before: a digest that is cheap however large they are."""

from __future__ import annotations

import hashlib
import math

import torch
from torch import Tensor

from bsnc.data.dataset import Dataset
from bsnc.data.examples import Split

ROWS = 1000
"""Examples of each split that are looked at, at even distances; fewer where they take more than BYTES."""
BYTES = 2**28
ALL_TARGETS = 2**24
"""Bytes of targets that are all looked at."""
_PART = 32
"""Examples that are held at once."""


def digest_of(dataset: Dataset) -> str:
    """SHA-256 over the names of classes and, of each split, shapes, types, targets and examples; where there are many,
    over those at even distances, so that a change of some others goes unnoticed."""
    digest = hashlib.sha256(repr(dataset.class_names).encode())
    named = (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test))
    for name, split in named:
        if split is not None:
            one = split[:1]
            digest.update(f"{name} {len(split)} {_form(one.inputs)} {_form(one.targets)}".encode())
            digest.update(_of_split(split))
    return digest.hexdigest()


def _of_split(split: Split) -> bytes:
    digest = hashlib.sha256()
    if _row_bytes(split[:1].targets) * len(split) <= ALL_TARGETS:
        digest.update(_content(split.targets))
    for rows in _rows(split).split(_PART):
        part = split[rows]
        digest.update(_content(part.inputs))
        digest.update(_content(part.targets))
    return digest.digest()


def _rows(split: Split) -> Tensor:
    count = len(split)
    chosen = min(count, ROWS, max(1, BYTES // max(1, _row_bytes(split[:1].inputs))))
    return torch.arange(chosen) * count // max(1, chosen)


def _row_bytes(tensor: Tensor) -> int:
    return math.prod(tensor.shape[1:]) * tensor.dtype.itemsize


def _form(tensor: Tensor) -> str:
    """Of an example."""
    return f"{list(tensor.shape[1:])} {tensor.dtype}"


def _content(tensor: Tensor) -> bytes:
    return tensor.cpu().numpy().tobytes()
