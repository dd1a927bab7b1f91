"""Costs recounted from an ONNX file alone: its operators, the shapes inferred from them, its initialisers.

Correspondence with the costs of the graph IR: an edge's convolution is one Conv or ConvTranspose, its `linear` one
Gemm or MatMul, the two layers of a `squeeze_excite` are two Conv, a folded batch norm lives in the bias of the layer
before it; everything else multiplies nothing. `flops` therefore agree exactly. `params` and
`flops(count = veniat2018)` count what folding and pruning removed from sight (scale and shift of batch norms;
in-degrees of the S-network): that comes from the model's metadata, held against the file here as far as the file
tells, and against the spec in `verify`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.export.layers import Layer, find_layers
from bsnc.export.metadata import Provenance
from bsnc.export.model_graph import ModelGraph, mismatch, uncountable
from bsnc.export.recount_memory import recount_tensors, recount_weights
from bsnc.export.recount_steps import recount_steps
from bsnc.export.settings import only_settings
from bsnc.export.tasks import Task, find_tasks
from bsnc.ir import CostKey


@dataclass(frozen=True)
class FileCosts:
    """The costs of a model: its graph is read once, whatever is asked."""

    model: onnx.ModelProto
    provenance: Provenance | None

    def of(self, key: CostKey) -> int:
        """A cost for one example, one that needs no measuring. Raises Diagnosed (BSN513, BSN516)."""
        layers = self.layers
        match key.name:
            case "params":
                return _parameters(self.file, layers, self.provenance)
            case "weights":
                return recount_weights(self.file)
            case "memory":
                tensors = recount_tensors(self.file, self.tasks, self.provenance)
                return tensors if key.options else tensors + recount_weights(self.file)
            case "steps":
                return recount_steps(self.tasks, layers, key.number("cores"), self.provenance)
            case _:
                return _multiply_adds(key, layers, self.provenance)

    @cached_property
    def file(self) -> ModelGraph:
        return ModelGraph(self.model)

    @cached_property
    def layers(self) -> list[Layer]:
        return find_layers(self.file)

    @cached_property
    def tasks(self) -> list[Task]:
        return find_tasks(self.file)


def recount(model: onnx.ModelProto, key: CostKey, provenance: Provenance | None) -> int:
    """See `FileCosts.of`."""
    return FileCosts(model, provenance).of(key)


def _multiply_adds(key: CostKey, layers: list[Layer], provenance: Provenance | None) -> int:
    if not key.options:
        return sum(layer.multiply_adds for layer in layers)
    if provenance is None:
        raise uncountable(f"`{key}` depends on the S-network, which a model without provenance does not name")
    additions = sum(max(0, inputs - 1) * numel for inputs, numel in provenance.node_inputs.values())
    return sum(_veniat2018(layer, provenance) for layer in layers) + additions


def _parameters(file: ModelGraph, layers: list[Layer], provenance: Provenance | None) -> int:
    """Trainable parameters: those stored, and those that the metadata says were folded away.

    No tensor is overlooked: without metadata all count that hold data, the neutral ones of a group norm too; with it
    each must belong to one layer.
    """
    sizes = {name: stored.numbers for name, stored in file.stored.items()}
    settings = only_settings(file.graph.node, statistics=True)
    owned = Counter(weight for layer in layers for weight in layer.weights)
    data = {name for name, size in sizes.items() if size > 1 and name not in settings}
    if provenance is None:
        return sum(sizes[name] for name in data | owned.keys())
    if data - owned.keys() or any(count > 1 for count in owned.values()):
        raise mismatch("the file holds weights that belong to none of its layers, or to several")
    stored: Counter[str] = Counter()
    for layer in layers:
        if layer.weights and (not layer.neutral or layer.name in provenance.trainable):
            stored[layer.name] += sum(sizes[weight] for weight in layer.weights)
    return sum(_trainable(name, count, provenance) for name, count in stored.items())


def _trainable(name: str, stored: int, provenance: Provenance) -> int:
    """Folding batch norms hides parameters, and never adds any."""
    claimed = provenance.trainable.get(name)
    if claimed is None:
        raise mismatch(f"layer `{name}` is not one of the exported network")
    if claimed < stored:
        raise mismatch(f"layer `{name}` stores {stored} parameters, the metadata says {claimed}")
    return claimed


def _veniat2018(layer: Layer, provenance: Provenance) -> int:
    if not layer.multiply_adds or layer.name not in provenance.low_resolution:
        return layer.multiply_adds
    if layer.low_resolution is None:
        raise mismatch(f"no upsampling feeds layer `{layer.name}`, the metadata says that one does")
    return layer.low_resolution


def initialisers(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Initialisers by name, as numpy arrays. Raises Diagnosed (BSN511)."""
    try:
        return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    except (ValueError, TypeError, KeyError) as error:
        message = f"not a valid ONNX model: a tensor cannot be read: {error}"
        raise Diagnosed(Diagnostic("BSN511", message, subject="model")) from None
