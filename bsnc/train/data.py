"""Examples for training and test, held as tensors; the test split is never trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_digits  # pyright: ignore[reportUnknownVariableType]
from sklearn.model_selection import train_test_split  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor

from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import DataConfig, Digits, Graph, shape_text

_SPLIT_SEED = 0


@dataclass(frozen=True)
class Split:
    """Images `[N, C, H, W]` with values in [0, 1], and class labels `[N]` (int64)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Two disjoint splits, and the per-channel mean and deviation `[C]` of the training images."""

    train: Split
    test: Split
    class_names: tuple[str, ...]
    mean: Tensor
    std: Tensor

    def normalise(self, images: Tensor) -> Tensor:
        """Images in [0, 1] → what the network takes."""
        return (images - self.mean[:, None, None]) / self.std[:, None, None]

    def test_batches(self, size: int = 256) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised test images and labels, in order."""
        for start in range(0, len(self.test), size):
            rows = slice(start, start + size)
            yield self.normalise(self.test.images[rows]), self.test.labels[rows]


def load_data(config: DataConfig, graph: Graph) -> Dataset:
    """The data of a spec. Raises Diagnosed (BSN501) where it cannot be read or does not fit the network."""
    if not isinstance(config.source, Digits):
        message = f"data source `{config.source.kind}` cannot be read by this version"
        raise Diagnosed(Diagnostic("BSN501", message, subject="section data", help="`digits` can be"))
    dataset = _digits(config.source)
    _check_fit(dataset, graph)
    return dataset


def _digits(source: Digits) -> Dataset:
    """scikit-learn's digits. The split is fixed: it does not depend on the seed of a run."""
    bunch = load_digits()
    images = np.asarray(bunch.images, dtype=np.float32)[:, None] / 16  # pyright: ignore
    labels = np.asarray(bunch.target, dtype=np.int64)  # pyright: ignore
    train, test = train_test_split(  # pyright: ignore[reportUnknownVariableType]
        np.arange(len(labels)), test_size=source.test, stratify=labels, random_state=_SPLIT_SEED
    )
    return _dataset(images, labels, np.sort(train), np.sort(test), tuple("0123456789"))  # pyright: ignore


def _dataset(
    images: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray, names: tuple[str, ...]
) -> Dataset:
    all_images, all_labels = torch.from_numpy(images), torch.from_numpy(labels)
    seen = all_images[train]
    return Dataset(
        train=Split(seen, all_labels[train]),
        test=Split(all_images[test], all_labels[test]),
        class_names=names,
        mean=seen.mean((0, 2, 3)),
        std=seen.std((0, 2, 3)),
    )


def _check_fit(dataset: Dataset, graph: Graph) -> None:
    shape, classes = tuple(dataset.train.images.shape[1:]), len(dataset.class_names)
    found = [
        (graph.input, shape, f"the data has images of shape {shape_text(shape)}"),
        (graph.output, (classes,), f"the data has {classes} classes"),
    ]
    for node, needed, fact in found:
        if node.shape != needed:
            message = f"{fact}, but the network declares {node.kind} `{node.name}` as {shape_text(node.shape)}"
            raise Diagnosed(Diagnostic("BSN501", message, subject="section data"))


def check_batch(dataset: Dataset, batch_size: int) -> None:
    """Raises Diagnosed (BSN501) where the training split does not fill a batch."""
    if len(dataset.train) < batch_size:
        message = f"the training split has {len(dataset.train)} examples, fewer than a batch of {batch_size}"
        help_text = "lower `batch_size` in section `train`"
        raise Diagnosed(Diagnostic("BSN501", message, subject="section data", help=help_text))
