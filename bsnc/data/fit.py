"""Do the examples fit the network, and fill a batch?"""

from __future__ import annotations

from torch import Tensor

from bsnc.data.dataset import Dataset
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import Graph, Node, shape_text


def check_fit(dataset: Dataset, graph: Graph, target: str = "class") -> None:
    """Raises Diagnosed (BSN501) where inputs or targets of a split are not what the network declares."""
    for name, split in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test)):
        if split is None:
            continue
        shape = tuple(split.inputs.shape[1:])
        what = "images" if len(shape) == 3 else "inputs"
        where = "the data" if name == "train" else f"split `{name}`"
        _require(graph.input, shape, f"{where} has {what} of shape {shape_text(shape)}")
        needed, fact = _needed(split.targets, dataset.class_names, graph, target)
        _require(graph.output, needed, f"{where} has {fact}")


def _needed(targets: Tensor, names: tuple[str, ...], graph: Graph, target: str) -> tuple[tuple[int, ...], str]:
    """The shape of the output that targets ask for, and why; classes without names are as many as it says."""
    if target == "value":
        return (targets.shape[1],), f"{targets.shape[1]} value{'s' if targets.shape[1] != 1 else ''} an example"
    classes = len(names) or graph.output.shape[0]
    if target == "class":
        return (classes,), f"{classes} classes"
    height, width = targets.shape[1:]
    return (classes, height, width), f"masks of {height}×{width} pixels of {classes} classes"


def _require(node: Node, needed: tuple[int, ...], fact: str) -> None:
    if node.shape != needed:
        message = f"{fact}, but the network declares {node.kind} `{node.name}` as {shape_text(node.shape)}"
        raise Diagnosed(Diagnostic("BSN501", message, subject="section data"))


def check_batch(dataset: Dataset, batch_size: int) -> None:
    """Raises Diagnosed (BSN501) where the training split does not fill a batch."""
    if len(dataset.train) < batch_size:
        message = f"the training split has {len(dataset.train)} examples, fewer than a batch of {batch_size}"
        help_text = "lower `batch_size` in section `train`"
        raise Diagnosed(Diagnostic("BSN501", message, subject="section data", help=help_text))
