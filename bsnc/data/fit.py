"""Do the examples fit the network, and fill a batch?"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bsnc.data.dataset import Dataset
from bsnc.data.task import Segmentation
from bsnc.diagnostics import Diagnosed, Diagnostic, counted
from bsnc.ir import Augmentation, Crop, Graph, Jitter, misfit, shape_text

_CALLED = {1: "rows", 2: "signals", 3: "images"}
"""Inputs by the rank of one."""
_ROWS = 4096
"""Examples that are looked at together."""


def check_fit(dataset: Dataset, graph: Graph) -> None:
    """Raises Diagnosed (BSN501) where inputs or targets are not what the network declares. Classes without names are
    as many as the output has."""
    named = (("the data", dataset.train), ("split `validation`", dataset.validation), ("split `test`", dataset.test))
    for name, split in named:
        if split is None:
            continue
        shape, classes = split.shape, len(dataset.class_names) or graph.output.shape[0]
        needed, fact = dataset.task.expects(split[:1].targets, classes)
        found = [
            (graph.input, shape, f"{_CALLED.get(len(shape), 'inputs')} of shape {shape_text(shape)}"),
            (graph.output, needed, fact),
        ]
        for node, wanted, has in found:
            if node.shape != wanted:
                declared = f"the network declares {node.kind} `{node.name}` as {shape_text(node.shape)}"
                help_text = _classes(dataset) if node is graph.output else None
                raise _unusable(f"{name} has {has}, but {declared}", help_text)


def _classes(dataset: Dataset) -> str | None:
    """The first of the classes that the source names, for where they are too many or too few."""
    first = ", ".join(f"`{name}`" for name in dataset.class_names[:10])
    return f"its classes are called {first}{', …' if len(dataset.class_names) > 10 else ''}" if first else None


def check_augmentation(dataset: Dataset, steps: Sequence[Augmentation]) -> None:
    """Raises Diagnosed (BSN501) where an augmentation does not suit the inputs or what is to be predicted."""
    shape, is_mask = dataset.train.shape, isinstance(dataset.task, Segmentation)
    for step in steps:
        if (why := misfit(step, shape, dataset.task.target)) is not None:
            raise _unusable(why)
        if isinstance(step, Crop) and is_mask and shape[1:] != dataset.train.target_shape:
            raise _unusable("`crop` cannot crop masks that have not the size of their images")
        if isinstance(step, Jitter) and not all(_is_within_1(part.inputs) for part in dataset.train.parts(_ROWS)):
            help_text = "give images as bytes (uint8), or numbers from 0 to 1"
            raise _unusable("`jitter` changes colours from 0 to 1, but inputs lie beyond", help_text)


def _is_within_1(images: Tensor) -> bool:
    """Whether no number is below 0 or above 1, or bytes stand for such."""
    return images.dtype == torch.uint8 or bool(images.min() >= 0 and images.max() <= 1)


def check_batch(dataset: Dataset, batch_size: int) -> None:
    """Raises Diagnosed (BSN501) where the training split does not fill a batch."""
    if len(dataset.train) < batch_size:
        message = f"the training split has {counted(len(dataset.train), 'example')}, fewer than a batch of {batch_size}"
        raise _unusable(message, "lower `batch_size` in section `train`")


def _unusable(message: str, help_text: str | None = None) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN501", message, subject="section data", help=help_text))
