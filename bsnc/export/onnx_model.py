"""The network of an architecture → an ONNX model."""

from __future__ import annotations

import copy
import io
import logging
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stderr
from itertools import count

import onnx
import torch
from torch import fx

from bsnc.diagnostics import Diagnosed, Diagnostic, error_in_short
from bsnc.export.metadata import Provenance, write_provenance
from bsnc.export.operator_names import name_operators
from bsnc.ir import Graph
from bsnc.ops import EXTERN

OPSET = 20
_INPUT, _OUTPUT = "bsnc.input", "bsnc.output"
"""Names that no value inside a model has."""


def to_onnx(
    graph: Graph, network: fx.GraphModule, describe: Callable[[fx.GraphModule], Provenance]
) -> tuple[onnx.ModelProto, Provenance]:
    """A deployable model of a network in evaluation mode: batch norms folded, batch size free, inputs and outputs
    named as in the spec, float32, opset OPSET. Also the provenance written into it: `describe` folds the batch norms
    of a copy and tells it. The network itself is left as it is."""
    deployed = copy.deepcopy(network).eval().cpu()
    provenance = describe(deployed)
    model = plain_onnx(graph, deployed)
    model.producer_name, model.producer_version = "bsnc", provenance.version
    write_provenance(model, provenance)
    onnx.checker.check_model(model, full_check=True)
    return model, provenance


def plain_onnx(graph: Graph, network: fx.GraphModule) -> onnx.ModelProto:
    """The model of a network in evaluation mode on the CPU as it is, without provenance.

    Raises Diagnosed (BSN218) where a module of the user's own cannot be exported.
    """
    from bsnc.export.simplify import simplify

    example = torch.zeros(2, *graph.input.shape)
    with _quiet_exporter(), _blaming_own_modules(graph):
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            verbose=False,
            optimize=False,
        )
        assert program is not None
        simplify(program.model)
    model = program.model_proto
    _rename(model, {_INPUT: graph.input.name, _OUTPUT: graph.output.name})
    name_operators(model)
    _strip_traces(model)
    return model


def _rename(model: onnx.ModelProto, wanted: dict[str, str]) -> None:
    """Rename values `_INPUT` and `_OUTPUT`; a value that has a wanted name already gives way."""
    graph = model.graph
    if not graph.node:  # the output is the input
        graph.input[0].name = _INPUT
        graph.node.append(onnx.helper.make_node("Identity", [_INPUT], [_OUTPUT]))
    tensors = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    taken = {tensor.name for tensor in tensors} | {name for node in graph.node for name in node.output}
    renamed = dict(wanted)
    for name in taken & set(wanted.values()):
        renamed[name] = next(free for i in count(1) if (free := f"{name}_{i}") not in taken)
    for tensor in tensors:
        tensor.name = renamed.get(tensor.name, tensor.name)
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [renamed.get(name, name) for name in names]


@contextmanager
def _blaming_own_modules(graph: Graph) -> Generator[None, None, None]:
    """Whatever the exporter raises is taken for a fault of the user's own modules, where there are any."""
    try:
        yield
    except Exception as error:
        calls = (call for edge in graph.edges for call in edge.module if call.op == EXTERN)
        own = ", ".join(dict.fromkeys(f"`{call.arguments['target']}`" for call in calls))
        if not own:
            raise
        reason = error.__cause__ if isinstance(error.__cause__, Exception) else error
        message = f"a network with {own} cannot be exported to ONNX: {error_in_short(reason)}"
        raise Diagnosed(Diagnostic("BSN218", message, subject="export")) from error


@contextmanager
def _quiet_exporter() -> Generator[None, None, None]:
    """The exporter logs, warns and prints of packages that it does not find and of graphs that it gives up; none of it
    concerns the user."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
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
