"""Architecture and weights → model.onnx and certificate.json."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from torch import fx

from bsnc import __version__
from bsnc.cost import Given
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.export.amount import ModelCosts
from bsnc.export.certificate import Bounds, Certificate, certify
from bsnc.export.metadata import Provenance, fold_and_note
from bsnc.export.onnx_model import to_onnx
from bsnc.export.parity import measure_parity
from bsnc.ir import Graph, Program, Target, graph_hash


@dataclass(frozen=True)
class Deployment:
    """What a user of the model needs to know beside its weights: labels, how inputs are normalised, what `target` it
    predicts, and of values by which mean and deviation they are standardised."""

    spec_sha256: str
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    target: Target = "class"
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()


def export_model(
    program: Program,
    graph: Graph,
    network: fx.GraphModule,
    deployment: Deployment,
    bounds: Bounds,
    examples: NDArray[np.float32],
    given: Given | None = None,
) -> tuple[onnx.ModelProto, Certificate]:
    """Export the trained `network` of the architecture `graph` and certify it on `examples`.

    `given` holds the user's own functions, where budgets need them. Raises Diagnosed where the file would
    exceed a budget (BSN512) or compute something else (BSN514): such a model is never handed out.
    """
    model, provenance = to_onnx(graph, network, lambda copy: _describe(program, graph, deployment, bounds, copy))
    parity = measure_parity(model, network, examples)
    if not parity.holds:
        message = f"the exported model differs from the trained network by up to {parity.max_abs_diff:.3g}"
        raise Diagnosed(Diagnostic("BSN514", message, subject="export"))
    certificate = certify(ModelCosts(model, provenance, program.graph, given or Given()), provenance, bounds, parity)
    for row in certificate.budgets:
        if not row.met:
            message = f"budget `{row.cost}` is exceeded: {row.over()}"
            raise Diagnosed(Diagnostic("BSN512", message, subject="export"))
    return model, certificate


def _describe(
    program: Program, graph: Graph, deployment: Deployment, bounds: Bounds, network: fx.GraphModule
) -> Provenance:
    """Fold a network's batch norms and say where it comes from."""
    hidden = fold_and_note(program.graph, graph, network)
    return Provenance(
        **hidden.model_dump(),
        version=__version__,
        network=program.graph.name,
        graph_hash=graph_hash(program.graph),
        spec_sha256=deployment.spec_sha256,
        settings=program.settings,
        live=tuple(edge.name for edge in graph.edges),
        bounds={str(key): bound for key, bound in bounds},
        class_names=deployment.class_names,
        mean=deployment.mean,
        std=deployment.std,
        target=deployment.target,
        target_mean=deployment.target_mean,
        target_std=deployment.target_std,
    )
