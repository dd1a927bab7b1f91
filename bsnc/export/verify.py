"""Hold a model file against a spec: budgets recounted, network compared, outputs compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import fx

from bsnc.cost import Given, cost_of
from bsnc.diagnostics import Diagnosed, Diagnostic, counted, first_line
from bsnc.export.amount import ModelCosts
from bsnc.export.certificate import Bounds, BudgetRow, budget_rows
from bsnc.export.metadata import Hidden, Provenance, fold_and_note, read_provenance
from bsnc.export.parity import ModelRunError, Parity, measure_parity
from bsnc.export.recount import FileCosts, initialisers
from bsnc.ir import CostKey, Graph, Program, every_cost, graph_hash
from bsnc.lower import lower_static
from bsnc.ops import EXTERN
from bsnc.passes import ApplyArchitecture

Examples = Callable[[], NDArray[np.float32]]
_WORK = CostKey(name="steps", options=(("cores", "1"),))
"""Counting this holds the names of all operators against the wiring."""


@dataclass
class Verification:
    """What holds: each budget, the parity where it could be measured, and every complaint."""

    budgets: tuple[BudgetRow, ...] = ()
    parity: Parity | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])

    @property
    def met(self) -> bool:
        """Every budget is met, and nothing else speaks against the model."""
        return all(row.met for row in self.budgets) and all(d.severity != "error" for d in self.diagnostics)


def read_model(path: Path, content: bytes) -> onnx.ModelProto:
    """A well-formed ONNX model that holds its own weights. Raises Diagnosed (BSN511)."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # what protobuf and the checker raise on damaged bytes has no other base class
        reason = first_line(error) if str(error).strip() else "it cannot be decoded"
        raise _complaint("BSN511", path, f"not a valid ONNX model: {reason}") from None
    if not content or not model.graph.node:
        raise _complaint("BSN511", path, "not a valid ONNX model: it holds no graph")
    if any(t.data_location == onnx.TensorProto.EXTERNAL for t in model.graph.initializer):
        raise _complaint("BSN511", path, "the model keeps weights in other files, which a certificate cannot cover")
    return model


def verify_model(
    path: Path,
    model: onnx.ModelProto,
    program: Program,
    bounds: Bounds,
    examples: Examples,
    given: Given | None = None,
) -> Verification:
    """Check a model against a program. Complaints end up in the result; nothing is raised for a bad model.

    What must be run, to be measured or by the user's own function, comes last: not for a model that is not that of the
    spec.
    """
    result = Verification()
    try:
        provenance = read_provenance(model, path)
        costs = ModelCosts(model, provenance, program.graph, given or Given())
        recounted, others = _apart(bounds)
        _hold(path, costs, recounted, result)
        if provenance is None:
            message = "the model carries no bsnc metadata: its costs are recounted, its outputs not compared"
            result.diagnostics.append(Diagnostic("BSN515", message, subject=str(path)))
        else:
            graph = _architecture(path, provenance, program)
            network = lower_static(graph).eval()
            _compare_claims(path, provenance, fold_and_note(program.graph, graph, network))
            _compare_interface(path, model, graph)
            _compare_costs(path, costs.file, program, graph, [key for key, _ in recounted])
            _load_initialisers(path, model, network)
            result.parity = _compare_outputs(path, model, network, examples, result)
        _hold(path, costs, others, result)
    except Diagnosed as mistake:
        result.diagnostics += [_at(path, d) for d in mistake.diagnostics]
    return result


def _apart(bounds: Bounds) -> tuple[Bounds, Bounds]:
    """Those of costs that can be recounted from the file, and the others."""
    recounted = [(key, bound) for key, bound in bounds if key.signature.source == "graph"]
    return recounted, [(key, bound) for key, bound in bounds if key.signature.source != "graph"]


def _hold(path: Path, costs: ModelCosts, bounds: Bounds, result: Verification) -> None:
    """Hold a model against some more budgets."""
    rows, _ = budget_rows(costs, bounds)
    result.budgets += rows
    result.diagnostics += [_over(path, row) for row in rows if not row.met]


def _architecture(path: Path, provenance: Provenance, program: Program) -> Graph:
    """The graph of the architecture that the model claims to be."""
    if provenance.graph_hash != graph_hash(program.graph):
        message = f"the model was trained from another network than `{program.graph.name}` of this spec"
        help_text = "verify it against the spec, and with the `--set` values, that it was trained with"
        raise Diagnosed(Diagnostic("BSN513", message, subject=str(path), help=help_text))
    unknown = set(provenance.live) - set(program.graph.edge_index)
    graph = ApplyArchitecture(provenance.live).run(program.graph).graph
    if unknown or not graph.edges or {e.name for e in graph.edges} != set(provenance.live):
        raise _complaint("BSN513", path, "the architecture that the model names is none of this network")
    return graph


def _compare_costs(path: Path, file: FileCosts, program: Program, graph: Graph, bounded: Sequence[CostKey]) -> None:
    """The file costs what the architecture costs: it has no operator more, none less, none wider, none of another name.

    It may need less memory: what a node only passes on has no place of its own there. Of modules of the user's own the
    spec may declare more than the file executes, but not less; what they keep and how they work the spec does not tell.
    """
    declares = any(call.op == EXTERN for edge in graph.edges for call in edge.module)
    live = torch.tensor([[edge.name in graph.edge_index for edge in program.graph.edges]])
    keys = dict.fromkeys((*every_cost(), _WORK, *(key for key in bounded if key.signature.source == "graph")))
    for key in keys:
        if declares and key.signature.dimension == "bytes":
            continue
        expected, found = int(cost_of(key, program.graph)(live)[0]), file.of(key)
        if found > expected or (found < expected and not declares and key.name != "memory"):
            unit = key.signature.unit
            message = f"the file has {found} {unit} by `{key}`, its architecture {expected}"
            raise _complaint("BSN513", path, message)


def _compare_claims(path: Path, claimed: Hidden, expected: Hidden) -> None:
    """The metadata tells of what folding and pruning hid what the spec tells."""
    for name in Hidden.model_fields:
        if _in_order(getattr(claimed, name)) != _in_order(getattr(expected, name)):
            raise _complaint("BSN513", path, f"`{name}` in its metadata is not that of the architecture it names")


def _in_order(claim: object) -> object:
    """The order of edges in the wiring is that of the schedule: a dict alone would not compare it."""
    return tuple(claim.items()) if isinstance(claim, dict) else claim  # pyright: ignore[reportUnknownVariableType]


def _compare_interface(path: Path, model: onnx.ModelProto, graph: Graph) -> None:
    """One float32 input and one output, of the names and shapes of the spec's, for any number of examples. Weights are
    no inputs, which whoever runs the model might override."""
    for node, values in ((graph.input, model.graph.input), (graph.output, model.graph.output)):
        found = [(value.name, value.type.tensor_type.elem_type, _dims(value)) for value in values]
        if found != [(node.name, onnx.TensorProto.FLOAT, (None, *node.shape))]:
            wanted = f"one {node.kind}, `{node.name}`: float[batch, {', '.join(map(str, node.shape))}]"
            raise _complaint("BSN513", path, f"the network has {wanted}; the file has not")


def _dims(value: onnx.ValueInfoProto) -> tuple[int | None, ...]:
    """Sizes of a tensor, None where they are free."""
    shape = value.type.tensor_type.shape
    return tuple(size.dim_value if size.HasField("dim_value") else None for size in shape.dim)


def _compare_outputs(
    path: Path, model: onnx.ModelProto, network: fx.GraphModule, examples: Examples, result: Verification
) -> Parity:
    try:
        parity = measure_parity(model, network, examples())
    except ModelRunError as error:
        raise _complaint("BSN511", path, f"ONNX Runtime cannot run it: {error}") from None
    if not parity.holds:
        message = f"outputs differ from those of the spec's network by up to {parity.max_abs_diff:.3g}"
        note = f"the same weights, {counted(parity.examples, 'example')}, tolerance {parity.tolerance:g}"
        result.diagnostics.append(Diagnostic("BSN514", message, subject=str(path), notes=(note,)))
    return parity


def _load_initialisers(path: Path, model: onnx.ModelProto, network: fx.GraphModule) -> None:
    """The weights of the file into the network of its architecture; a bias that it lacks is zero."""
    stored = initialisers(model)
    with torch.no_grad():
        for name, parameter in (*network.named_parameters(), *network.named_buffers()):
            if name.endswith("num_batches_tracked"):
                continue
            value = stored.get(name)
            if value is None and name.endswith(".bias"):
                parameter.zero_()
            elif value is None or value.shape != tuple(parameter.shape):
                raise _complaint("BSN513", path, f"the file has no weights `{name}` of shape {list(parameter.shape)}")
            else:
                parameter.copy_(torch.from_numpy(value.copy()))


def _over(path: Path, row: BudgetRow) -> Diagnostic:
    return Diagnostic("BSN512", f"budget `{row.cost}` is exceeded: {row.over()}", subject=str(path))


def _at(path: Path, diagnostic: Diagnostic) -> Diagnostic:
    """Recounting does not know the file's name; the user should see it."""
    return Diagnostic(
        diagnostic.code, diagnostic.message, subject=str(path), notes=diagnostic.notes, help=diagnostic.help
    )


def _complaint(code: str, path: Path, message: str) -> Diagnosed:
    return Diagnosed(Diagnostic(code, message, subject=str(path)))
