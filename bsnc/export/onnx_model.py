"""The network of an architecture → an ONNX model."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager

import onnx
import torch
from torch import fx

from bsnc.export.metadata import Provenance, write_provenance
from bsnc.ir import Graph
from bsnc.lower import fold_batch_norm

OPSET = 20


def to_onnx(graph: Graph, network: fx.GraphModule, provenance: Provenance) -> tuple[onnx.ModelProto, Provenance]:
    """A deployable model of a network in evaluation mode: batch norms folded, batch size free, inputs and outputs
    named as in the spec, float32, opset OPSET. Also the provenance written into it, `trainable` filled in. The
    network itself is left as it is."""
    deployed = copy.deepcopy(network).eval().cpu()
    trainable = _trainable(deployed, fold_batch_norm(deployed))
    example = torch.zeros(2, *graph.input.shape)
    placeholder = next(node.name for node in deployed.graph.nodes if node.op == "placeholder")
    with _quiet_exporter():
        program = torch.onnx.export(
            deployed,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[graph.input.name],
            output_names=[graph.output.name],
            dynamic_shapes={placeholder: {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _strip_traces(model)
    model.producer_name, model.producer_version = "bsnc", provenance.version
    provenance = provenance.model_copy(update={"trainable": trainable})
    write_provenance(model, provenance)
    onnx.checker.check_model(model, full_check=True)
    return model, provenance


def _trainable(deployed: fx.GraphModule, removed: dict[str, int]) -> dict[str, int]:
    """Trainable parameters per layer of the file, those included that folding removed from it."""
    counts: dict[str, int] = {}
    for name, module in deployed.named_modules():
        own = sum(p.numel() for p in module.parameters(recurse=False))
        if own:
            counts[name] = own + removed.get(name, 0)
    return counts


@contextmanager
def _quiet_exporter() -> Generator[None, None, None]:
    """The exporter logs and warns of packages that it does not find; none of it concerns the user."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous)


def _strip_traces(model: onnx.ModelProto) -> None:
    """Remove what the exporter notes for debugging: stack traces, with paths of the machine in them."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info, *model.graph.initializer):
        del value.metadata_props[:]
        value.doc_string = ""
    del model.graph.metadata_props[:]
    model.graph.doc_string = model.doc_string = ""
