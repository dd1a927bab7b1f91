"""The digest of data: alike in every process, another where an example changes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from bsnc.data import Dataset, Split, digest, digest_of

PROGRAM = "from tests.data.test_digest import made; from bsnc.data import digest_of; print(digest_of(made()))"


def made(dtype: torch.dtype = torch.float32, count: int = 40) -> Dataset:
    inputs = torch.arange(count * 12).reshape(count, 3, 2, 2).to(dtype)
    split = Split(inputs, torch.arange(count) % 3)
    return Dataset(split, Split(inputs[:5].clone(), split.targets[:5].clone()), ("a", "b", "c"), inputs, inputs)


def test_it_is_alike_in_every_process() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest_of(made()) == digest_of(made())


def test_every_part_counts() -> None:
    data = made()
    other = data.train.inputs.clone()
    other[-1, -1, -1, -1] += 1
    changed = [
        made(torch.float64),
        made(count=41),
        replace(data, class_names=("a", "c", "b")),
        replace(data, validation=data.test),
        replace(data, train=Split(other, data.train.targets)),
        replace(data, train=Split(data.train.inputs, data.train.targets.flip(0))),
        replace(data, test=Split(data.test.inputs.flip(0), data.test.targets)),
    ]
    assert len({digest_of(each) for each in (data, *changed)}) == 8


def test_of_many_examples_some_are_looked_at_and_all_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "ROWS", 4)
    data = made()
    for row, is_seen in ((10, True), (11, False)):
        other = data.train.inputs.clone()
        other[row] += 1
        assert (digest_of(replace(data, train=Split(other, data.train.targets))) != digest_of(data)) == is_seen
    labels = data.train.targets.clone()
    labels[11] = 0
    assert digest_of(replace(data, train=Split(data.train.inputs, labels))) != digest_of(data)


def test_of_large_examples_fewer_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "BYTES", 100)
    data = made()
    other = data.train.inputs.clone()
    other[1:20] += 1
    assert digest_of(replace(data, train=Split(other, data.train.targets))) == digest_of(data)
