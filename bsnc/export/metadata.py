"""What an exported model says of itself, as `bsnc.*` entries of the ONNX metadata. Claims, to be checked."""

from __future__ import annotations

import onnx
from pydantic import ValidationError

from bsnc.ir import Frozen

_KEY = "bsnc"


class Provenance(Frozen):
    """Where a model comes from, and what folding removed from sight.

    `trainable` gives, for each layer in the file, the trainable parameters that it had before batch norms were
    folded into it; `node_inputs`, for each live node, its in-degree in the S-network and its elements per example.
    """

    version: str
    network: str
    graph_hash: str
    spec_sha256: str
    settings: dict[str, int | float | bool | str | tuple[int, ...]]
    live: tuple[str, ...]
    trainable: dict[str, int]
    node_inputs: dict[str, tuple[int, int]]
    class_names: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


def write_provenance(model: onnx.ModelProto, provenance: Provenance) -> None:
    """Replace the metadata of a model by its provenance."""
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {_KEY: provenance.model_dump_json()})


def read_provenance(model: onnx.ModelProto) -> Provenance | None:
    """The provenance of a model; None where it has none that can be read."""
    for entry in model.metadata_props:
        if entry.key == _KEY:
            try:
                return Provenance.model_validate_json(entry.value)
            except ValidationError:
                return None
    return None
