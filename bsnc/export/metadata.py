"""What an exported model says of itself, as `bsnc.*` entries of the ONNX metadata. Claims, to be checked."""

from __future__ import annotations

import math
from pathlib import Path

import onnx
from pydantic import ValidationError, field_validator
from torch import fx

from bsnc.cost import low_resolution, takes_a_step
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import Frozen, Graph, Setting, Target, is_cost
from bsnc.lower import edge_attributes, fold_batch_norm, node_attributes, op_paths
from bsnc.ops import numel

_KEY = "bsnc"
_AGAIN = "export it again from its run"


class Hidden(Frozen):
    """What costs need to know, and folding and pruning removed from the sight of who reads only the file.

    `trainable` gives, for each layer in the file, the trainable parameters that it had before batch norms were
    folded into it; `node_inputs`, for each live node, how many tensors of the S-network it adds up and its
    elements per example; `low_resolution` names the layers that `flops(count = veniat2018)` charges at the size before
    their upsampling. `wiring` says of each edge, by its name in the file, from which node to which it leads,
    and whether it is a step.
    """

    trainable: dict[str, int]
    wiring: dict[str, tuple[str, str, bool]]
    node_inputs: dict[str, tuple[int, int]]
    low_resolution: tuple[str, ...]


class Provenance(Hidden):
    """Where a model comes from, and how it is used: an input is (x − `mean`) / `std` by channel, where x of images of
    8 bits is from 0 to 1; where `target` is `value`, a value is output · `target_std` + `target_mean`. `bounds` has
    every budget that it was exported within: a cost, and its bound in the cost's unit."""

    version: str
    network: str
    graph_hash: str
    spec_sha256: str
    settings: dict[str, Setting]
    live: tuple[str, ...]
    bounds: dict[str, float]
    class_names: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    target: Target = "class"
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()

    @field_validator("bounds")
    @classmethod
    def _of_costs(cls, bounds: dict[str, float]) -> dict[str, float]:
        for name, bound in bounds.items():
            if not is_cost(name) or not 0 <= bound < math.inf:
                raise ValueError(f"{name} <= {bound} is no budget")
        return bounds


def fold_and_note(whole: Graph, graph: Graph, network: fx.GraphModule) -> Hidden:
    """Fold the batch norms of the network of architecture `graph`, in place; note what that and pruning `whole`,
    its S-network, hide."""
    removed = fold_batch_norm(network)
    own = {name: sum(p.numel() for p in module.parameters(recurse=False)) for name, module in network.named_modules()}
    inputs = {
        node.name: (len(arriving) if node.aggregation in ("sum", "mean") else 1, numel(node.shape))
        for node, arriving in zip(whole.nodes, whole.in_edges, strict=True)
    }
    paths = op_paths(graph)
    coarse = [
        path for edge in graph.edges for i, path in enumerate(paths[edge.name]) if low_resolution(edge, i) is not None
    ]
    edges, nodes = edge_attributes(graph), node_attributes(graph)
    return Hidden(
        wiring={edges[e.name]: (nodes[e.source], nodes[e.target], takes_a_step(e)) for e in graph.edges},
        trainable={name: count + removed.get(name, 0) for name, count in own.items() if count},
        node_inputs={node.name: inputs[node.name] for node in graph.nodes if node.kind != "input"},
        low_resolution=tuple(path for path in coarse if own.get(path)),
    )


def write_provenance(model: onnx.ModelProto, provenance: Provenance) -> None:
    """Replace the metadata of a model by its provenance."""
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {_KEY: provenance.model_dump_json()})


def read_provenance(model: onnx.ModelProto, path: Path | None = None) -> Provenance | None:
    """The provenance of a model; None where it has none. Raises Diagnosed (BSN513) where it cannot be read."""
    for entry in model.metadata_props:
        if entry.key == _KEY:
            try:
                return Provenance.model_validate_json(entry.value)
            except ValidationError:
                message = "its bsnc metadata cannot be read: it is damaged, or of another version of bsnc"
                subject = str(path) if path else None
                raise Diagnosed(Diagnostic("BSN513", message, subject=subject, help=_AGAIN)) from None
    return None
