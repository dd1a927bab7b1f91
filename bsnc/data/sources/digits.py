"""scikit-learn's digits, the data set that comes along."""

from __future__ import annotations

import numpy as np
import torch

from bsnc.data.examples import Split
from bsnc.data.sources.raw import Places, RawSplit, RawSplits, Request, unusable
from bsnc.ir import Digits

_SPLIT_SEED = 0


def read_digits(request: Request) -> RawSplits:
    """Images float32 `[N, 1, 8, 8]` in [0, 1]. The split is fixed: it does not depend on the seed of a run.

    Raises Diagnosed (BSN501) for another target.
    """
    source = request.config.source
    assert isinstance(source, Digits)
    if request.config.target != "class":
        raise unusable(f"`digits` has classes, which `target = {request.config.target}` cannot predict")
    from sklearn.datasets import load_digits  # pyright: ignore[reportUnknownVariableType]
    from sklearn.model_selection import train_test_split  # pyright: ignore[reportUnknownVariableType]

    bunch = load_digits()
    images = torch.from_numpy(np.asarray(bunch.images, dtype=np.float32)[:, None] / 16)  # pyright: ignore
    labels = torch.from_numpy(np.asarray(bunch.target, dtype=np.int64))  # pyright: ignore
    splits = train_test_split(  # pyright: ignore[reportUnknownVariableType]
        np.arange(len(labels)), test_size=source.test, stratify=labels, random_state=_SPLIT_SEED
    )
    kept = [torch.from_numpy(np.sort(rows))[: request.taken(len(rows))] for rows in splits]  # pyright: ignore
    places = Places([("digits", len(labels))])
    train, test = (RawSplit(Split(images, labels, rows), places) for rows in kept)
    return RawSplits(train, test=test, class_names=tuple("0123456789"), name="digits")
