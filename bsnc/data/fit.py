"""Do the examples fit the network, and fill a batch?"""

from __future__ import annotations

from bsnc.data.dataset import Dataset
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import Graph, shape_text


def check_fit(dataset: Dataset, graph: Graph) -> None:
    """Raises Diagnosed (BSN501) where inputs or targets are not what the network declares."""
    shape, classes = tuple(dataset.train.inputs.shape[1:]), len(dataset.class_names)
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
