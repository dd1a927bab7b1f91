"""`bsnc cost --arch`: one architecture, edge by edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

from bsnc.cost import Cost, LinearCost, Memory, Steps, schedule
from bsnc.diagnostics import Diagnosed, Diagnostic, did_you_mean
from bsnc.driver.budgets import whole
from bsnc.driver.check import Loaded
from bsnc.driver.given import given_of
from bsnc.driver.masks import read_architecture
from bsnc.driver.ranges import known_costs
from bsnc.ir import Budget, Program, exactly, module_text, pipeline_text, roughly
from bsnc.sema import Overrides


@dataclass(frozen=True)
class Part:
    """A live edge or a live node with what it does, or what a cost counts whatever is live; `amounts` holds what it
    bears of each additive cost."""

    kind: Literal["edge", "node", "constant"]
    name: str
    module: str
    amounts: dict[str, float]


@dataclass(frozen=True)
class Breakdown:
    """The costs of one architecture. The amounts of its `parts`, the costliest by the cost `by` first, sum up to
    `totals`; `others` are costs that no sum over parts makes up, `remarks` say where those come from, and
    `schedules` what each step of a cost in steps runs."""

    network: str
    by: str
    parts: tuple[Part, ...]
    totals: dict[str, float]
    others: dict[str, float]
    remarks: dict[str, str]
    schedules: dict[str, list[list[str]]]
    units: dict[str, str]

    def share(self, part: Part, cost: str) -> float:
        """What a part bears of a cost; of a cost of 0, nothing."""
        return part.amounts[cost] / self.totals[cost] if self.totals[cost] else 0.0

    def as_json(self) -> dict[str, object]:
        """The shape of `cost --arch --json`."""
        return {
            "network": self.network,
            "by": self.by,
            "parts": [
                {
                    "kind": part.kind,
                    "name": part.name,
                    "module": part.module,
                    "costs": {c: {"amount": whole(a), "share": self.share(part, c)} for c, a in part.amounts.items()},
                }
                for part in self.parts
            ],
            "totals": {name: whole(total) for name, total in self.totals.items()},
            "others": {name: whole(total) for name, total in self.others.items()},
            "remarks": self.remarks,
            "schedules": self.schedules,
        }


def break_down(spec: Loaded, architecture: Path, overrides: Overrides, by: str | None = None) -> Breakdown:
    """The costs of an architecture, part by part: those without options, and those of budgets.

    `by` names the additive cost to sort by, by default that of the first budget on one, else the first there is. Raises
    Diagnosed.
    """
    program, analysis = spec
    live = read_architecture(architecture, program.graph)
    budgeted = [budget.cost for budget in program.budgets]
    known = known_costs(program, given_of(program, analysis, overrides.allow_extern))
    costs = [cost for key, cost in known.items() if key in budgeted or not key.options]
    additive = {str(cost.key): cost for cost in costs if isinstance(cost, LinearCost)}
    chosen = _first(program.budgets, additive) if by is None else _chosen(by, list(additive), costs)
    parts = sorted(_parts(program, live, additive), key=lambda part: -part.amounts[chosen])
    totals = {str(cost.key): float(cost(live)[0]) for cost in costs}
    return Breakdown(
        program.graph.name,
        chosen,
        tuple(parts),
        {name: total for name, total in totals.items() if name in additive},
        {name: total for name, total in totals.items() if name not in additive},
        {str(cost.key): text for cost in costs if (text := _remark(cost, live))},
        {str(cost.key): _schedule(program, cost, live) for cost in costs if isinstance(cost, Steps)},
        {str(cost.key): cost.key.signature.unit for cost in costs},
    )


def _remark(cost: Cost, live: Tensor) -> str:
    """Where a cost that is no sum comes from, where that can be said."""
    if isinstance(cost, Memory):
        moment, tensors = cost.worst_moment(live)
        rest = "" if cost.key.options else ", the rest weights"
        return f"{roughly(tensors, cost.key.signature)} of tensors while `{moment}` is at work{rest}"
    if isinstance(cost, Steps):
        return f"no schedule takes less than {exactly(float(cost.lower_bound(live)[0]), cost.key.signature)}"
    return ""


def _schedule(program: Program, cost: Steps, live: Tensor) -> list[list[str]]:
    names = {edge.name for edge, is_live in zip(program.graph.edges, live[0].tolist(), strict=True) if is_live}
    return schedule(program.graph, names, cost.cores)


def _first(budgets: Sequence[Budget], additive: dict[str, LinearCost]) -> str:
    names = [str(budget.cost) for budget in budgets]
    return next((name for name in names if name in additive), next(iter(additive)))


def _chosen(by: str, additive: Sequence[str], costs: Sequence[Cost]) -> str:
    """The additive cost that `--by` names, blanks aside. Raises Diagnosed (BSN004)."""
    wanted = "".join(by.split())
    for cost in costs:
        name = str(cost.key)
        if "".join(name.split()) != wanted:
            continue
        if name in additive:
            return name
        message = f"`{name}` is no sum over edges and nodes: it has no shares to sort by"
        raise Diagnosed(Diagnostic("BSN004", message, subject=f"--by {by}", help=did_you_mean("", additive)))
    message = f"`{by}` is none of the costs that are shown"
    raise Diagnosed(Diagnostic("BSN004", message, subject=f"--by {by}", help=did_you_mean(by, additive)))


def _parts(program: Program, live: Tensor, costs: dict[str, LinearCost]) -> list[Part]:
    """Every live edge; live nodes and what is always counted where some cost charges them."""
    graph = program.graph
    shares = {name: cost.shares(live) for name, cost in costs.items()}
    edges = {name: share[0].tolist() for name, (share, _) in shares.items()}
    nodes = {name: share[0].tolist() for name, (_, share) in shares.items()}
    parts = [
        Part("edge", edge.name, module_text(edge.module), {name: amounts[i] for name, amounts in edges.items()})
        for i, edge in enumerate(graph.edges)
        if live[0, i]
    ]
    for i, node in enumerate(graph.nodes):
        amounts = {name: charged[i] for name, charged in nodes.items()}
        parts += [Part("node", node.name, pipeline_text(node), amounts)] if any(amounts.values()) else []
    constants = {name: cost.constant for name, cost in costs.items()}
    parts += [Part("constant", "whatever is live", "", constants)] if any(constants.values()) else []
    return parts
