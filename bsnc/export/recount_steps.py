"""`steps` of an ONNX file: its operators grouped to edges and aggregations, as their names and the metadata say, where
what the operators read bears that out.

Correspondence with the graph IR: the operators of an edge are one task, those of a node's aggregation another; an edge
or an aggregation that needs no operator (a lone arrival) is a task all the same, unless the metadata says that it takes
no step. An operator may read only what its edge or node waits for: then the schedule of tasks is one of operators.
"""

from __future__ import annotations

from collections.abc import Mapping

from bsnc.cost import list_schedule
from bsnc.export.layers import Layer
from bsnc.export.metadata import Provenance
from bsnc.export.model_graph import mismatch, uncountable
from bsnc.export.tasks import Task

Wiring = Mapping[str, tuple[str, str, bool]]


def recount_steps(tasks: list[Task], layers: list[Layer], cores: int, provenance: Provenance | None) -> int:
    """Steps of list scheduling on a number of cores. Raises Diagnosed (BSN513, BSN516)."""
    if provenance is None:
        raise uncountable("`steps` depend on edges and nodes, which a model without metadata does not name")
    for layer in layers:
        if layer.weights and not layer.neutral and not f"{layer.name}.".startswith(f"{layer.op}."):
            raise mismatch(f"an operator with the weights of `{layer.name}` does not bear its name")
    _bear_out(tasks, provenance.wiring)
    return len(list_schedule(_predecessors(provenance.wiring), cores))


def _predecessors(wiring: Wiring) -> list[list[int]]:
    """For each task those that it waits for. They are numbered node by node: steps that arrive, then the node's own."""
    held: dict[str, list[int]] = {}
    predecessors: list[list[int]] = []
    for node in dict.fromkeys(target for _, target, _ in wiring.values()):
        arriving: list[int] = []
        for source, target, is_step in wiring.values():
            if target != node:
                continue
            if is_step:
                predecessors.append(held.get(source, []))
                arriving.append(len(predecessors) - 1)
            else:
                arriving += held.get(source, [])
        predecessors.append(arriving)
        held[node] = [len(predecessors) - 1]
    return predecessors


def _bear_out(tasks: list[Task], wiring: Wiring) -> None:
    """Raises Diagnosed (BSN513) where an operator belongs to no edge or node, reads what its own does not wait for, or
    computes on an edge that is said to take no step."""
    before = _ancestors(wiring)
    maker: dict[str, str] = {}
    for task in tasks:
        owner = (task.op or "").rpartition(".")[0]
        passes_on = all(result in task.views for result in task.results)
        if owner not in before and not (task.op is None and passes_on):
            raise mismatch(f"`{task.results[0]}` is computed for none of the edges and nodes that the metadata names")
        if owner.startswith("edges.") and not wiring[owner[6:]][2] and not passes_on:
            raise mismatch(f"`{task.results[0]}` is computed on an edge that the metadata says takes no step")
        if not passes_on:
            _reads_what_is_there(task, owner, maker, before)
        maker |= {result: maker.get(task.views.get(result, ""), owner) for result in task.results}


def _reads_what_is_there(
    task: Task, owner: str, maker: Mapping[str, str], before: Mapping[str, frozenset[str]]
) -> None:
    """Raises Diagnosed (BSN513) where an operand was made by what the owner of a task does not wait for."""
    for operand in task.operands:
        if maker.get(operand, "") not in ("", owner, *before[owner]):
            raise mismatch(f"`{task.results[0]}` is computed from `{operand}`, which the metadata says comes later")


def _ancestors(wiring: Wiring) -> dict[str, frozenset[str]]:
    """For each `edges.…` and `nodes.…` all that it waits for, directly or not."""
    found: dict[str, frozenset[str]] = {}
    nodes: dict[str, frozenset[str]] = {}
    for edge, (source, target, _) in wiring.items():
        found[f"edges.{edge}"] = nodes.get(source, frozenset())
        nodes[target] = nodes.get(target, frozenset({f"nodes.{target}"})) | found[f"edges.{edge}"] | {f"edges.{edge}"}
    for node, ancestors in nodes.items():
        found[f"nodes.{node}"] = ancestors - {f"nodes.{node}"}
    return found
