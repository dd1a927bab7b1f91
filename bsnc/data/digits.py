"""scikit-learn's digits, the data set that comes along."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits  # pyright: ignore[reportUnknownVariableType]
from sklearn.model_selection import train_test_split  # pyright: ignore[reportUnknownVariableType]

from bsnc.data.dataset import Dataset, Split
from bsnc.ir import Digits

_SPLIT_SEED = 0


def read_digits(source: Digits) -> Dataset:
    """The split is fixed: it does not depend on the seed of a run."""
    bunch = load_digits()
    images = np.asarray(bunch.images, dtype=np.float32)[:, None] / 16  # pyright: ignore
    labels = np.asarray(bunch.target, dtype=np.int64)  # pyright: ignore
    train, test = train_test_split(  # pyright: ignore[reportUnknownVariableType]
        np.arange(len(labels)), test_size=source.test, stratify=labels, random_state=_SPLIT_SEED
    )
    everything = Split(torch.from_numpy(images), torch.from_numpy(labels))
    seen, held = (everything[torch.from_numpy(np.sort(rows))] for rows in (train, test))  # pyright: ignore
    return Dataset(seen, held, tuple("0123456789"), seen.inputs.mean((0, 2, 3)), seen.inputs.std((0, 2, 3)))
