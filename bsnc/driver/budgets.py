"""Costs and budgets of a program before training: least, greatest, expected; feasible or not."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch

from bsnc.cost import LinearCost, cost_of
from bsnc.diagnostics import Diagnosed, Diagnostic, Label, has_errors
from bsnc.ir import Budget, CostKey, Graph, Program, every_cost, forced_edges
from bsnc.search import Gates, LinearBudget, cheapest, costliest
from bsnc.sema import Analysis
from bsnc.train import as_linear

EXACT_SAMPLES = 4096
SAMPLES = 8192


@dataclass(frozen=True)
class CostRange:
    """A cost over the architectures of a graph, in its unit.

    `minimum` is that of the cheapest connected architecture; `expected` the mean over gate samples at their
    initial probabilities, exact where there are at most EXACT_SAMPLES of them, else over SAMPLES draws of a fixed seed.
    """

    key: CostKey
    minimum: float
    maximum: float
    expected: float


@dataclass(frozen=True)
class BudgetCheck:
    """A budget with its bound in the cost's unit."""

    budget: Budget
    bound: float
    range: CostRange

    @property
    def feasible(self) -> bool:
        return self.range.minimum <= self.bound


@dataclass(frozen=True)
class CostReport:
    """Every cost that needs no measuring, and every budget; diagnostics on budgets (BSN401, BSN402)."""

    costs: tuple[CostRange, ...]
    budgets: tuple[BudgetCheck, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def bounds(self) -> list[tuple[CostKey, float]]:
        return [(check.budget.cost, check.bound) for check in self.budgets]


def report_costs(program: Program, analysis: Analysis) -> CostReport:
    """Ranges of all costs and the feasibility of all budgets, one by one and together."""
    graph = program.graph
    require_connected(graph, analysis)
    live, weights = initial_samples(graph, program.search.init)
    costs = {key: cost_of(key, graph) for key in every_cost()}
    ranges = {key: _range(cost, graph, live, weights) for key, cost in costs.items()}
    counted = [budget for budget in program.budgets if budget.cost.signature.is_counted]
    checks = tuple(BudgetCheck(b, b.resolve(ranges[b.cost].maximum), ranges[b.cost]) for b in counted)
    diagnostics = [_uncounted("BSN403", b, analysis) for b in program.budgets if b not in counted]
    diagnostics += _gates_that_cannot_close(graph, analysis)
    diagnostics += [d for check in checks for d in _judge(check, graph, analysis)]
    if checks and not has_errors(diagnostics) and not _jointly_feasible(graph, checks, costs):
        diagnostics.append(_jointly_infeasible(checks, analysis))
    return CostReport(tuple(ranges.values()), checks, tuple(diagnostics))


def require_connected(graph: Graph, analysis: Analysis) -> None:
    """Raises Diagnosed (BSN303) where the options that a path needs exclude each other."""
    nothing = LinearBudget(np.zeros(len(graph.edges)), np.zeros(len(graph.nodes)))
    if cheapest(graph, nothing) is None:
        message = f"no choice of options connects `{graph.input.name}` to `{graph.output.name}`"
        help_text = "every path follows two options of one gate: let them share it no more, or add an edge"
        raise Diagnosed(Diagnostic("BSN303", message, analysis.network_span, help=help_text))


def _gates_that_cannot_close(graph: Graph, analysis: Analysis) -> list[Diagnostic]:
    """BSN309 for gates of a single edge without which nothing is connected, once a statement."""
    raw = analysis.networks[graph.name].raw.edges if graph.name in analysis.networks else []
    users = Counter(edge.gate for edge in graph.edges)
    forced = set(forced_edges(graph))
    found = {
        edge.span: Diagnostic(
            "BSN309",
            f"the gate of edge `{edge.name}` cannot close: every architecture needs it",
            edge.span,
            notes=edge.notes,
            help="write `fixed edge`",
        )
        for edge in reversed(raw)
        if edge.name in forced and edge.gate == edge.name and users[edge.gate] == 1
    }
    return list(found.values())[::-1]


def _uncounted(code: str, budget: Budget, analysis: Analysis) -> Diagnostic:
    key = str(budget.cost)
    span = analysis.budget_spans.get(key)
    unable = "checked" if code == "BSN403" else "held"
    message = f"this version does not count `{budget.cost.name}`: the budget cannot be {unable}"
    return Diagnostic(code, message, span, None if span else f"--budget {key}")


def require_feasible(program: Program, report: CostReport, analysis: Analysis) -> None:
    """Raises Diagnosed (BSN401, BSN404) where no architecture meets the budgets, or that cannot be told."""
    require_counted(program, analysis)
    errors = [d for d in report.diagnostics if d.severity == "error"]
    if errors:
        raise Diagnosed(*errors)


def require_counted(program: Program, analysis: Analysis) -> None:
    """Raises Diagnosed (BSN404) where a budget is on a cost that only the language knows."""
    uncounted = [budget for budget in program.budgets if not budget.cost.signature.is_counted]
    if uncounted:
        raise Diagnosed(*(_uncounted("BSN404", budget, analysis) for budget in uncounted))


def initial_samples(graph: Graph, p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Live edges `[S, E]` of samples at the initial probabilities, p for a Bernoulli gate, and their weights `[S]`,
    which sum to 1: every sample there is, or SAMPLES draws."""
    gates = Gates(graph, p)
    if math.prod(len(values) for values in _values(graph)) <= EXACT_SAMPLES:
        switches, weights = _every_sample(gates)
    else:
        switches = gates.draw(SAMPLES, torch.Generator().manual_seed(0))
        weights = torch.full((SAMPLES,), 1 / SAMPLES, dtype=torch.float64)
    return gates.live(switches), weights


def _values(graph: Graph) -> list[list[tuple[bool, ...]]]:
    """For each gate the values that its switches can have."""
    return [
        [tuple(i == on for i in range(gate.switches)) for on in range(gate.switches)]
        if gate.kind == "categorical"
        else [(False,), (True,)]
        for gate in graph.gates
    ]


def _every_sample(gates: Gates) -> tuple[torch.Tensor, torch.Tensor]:
    rows = [[on for value in sample for on in value] for sample in itertools.product(*_values(gates.graph))]
    switches = torch.tensor(rows, dtype=torch.bool).reshape(len(rows), gates.graph.switch_count)
    weights = torch.ones(len(rows), dtype=torch.float64)
    for gate, columns in zip(gates.graph.gates, gates.graph.gate_switches, strict=True):
        p, on = gates.probabilities.double()[list(columns)], switches[:, list(columns)]
        weights *= (on * p).sum(1) if gate.kind == "categorical" else torch.where(on, p, 1 - p)[:, 0]
    return switches, weights


def whole(value: float) -> int | float:
    """A count as an int where it is one, for JSON."""
    return int(value) if value.is_integer() else value


def _range(cost: LinearCost, graph: Graph, live: torch.Tensor, weights: torch.Tensor) -> CostRange:
    best = cheapest(graph, as_linear(cost))
    assert best is not None, "a checked program has a path from input to output"
    least = float(cost(torch.from_numpy(best.live)[None])[0])
    expected = float((cost(live) * weights).sum())
    return CostRange(cost.key, least, costliest(graph, as_linear(cost)), expected)


def _judge(check: BudgetCheck, graph: Graph, analysis: Analysis) -> list[Diagnostic]:
    key = str(check.budget.cost)
    span, unit = analysis.budget_spans.get(key), check.budget.cost.signature.unit
    subject = None if span else f"--budget {key}"
    if not check.feasible:
        message = (
            f"budget infeasible: the cheapest connected architecture costs {check.range.minimum:,.0f} {unit}, "
            f"the bound is {check.bound:,.0f}"
        )
        forced = forced_edges(graph)
        note = f"every architecture needs {_listed(forced)}" if forced else "no single edge is in all architectures"
        least = _least_share(check) if check.budget.of_max else f"{check.range.minimum:.0f}"
        help_text = f"the least bound that works is {least}"
        return [Diagnostic("BSN401", message, span, subject, notes=(note,), help=help_text)]
    if graph.gates and check.range.maximum <= check.bound:
        most = f"{check.range.maximum:,.0f} {unit}"
        message = f"the costliest architecture costs {most}, within the bound of {check.bound:,.0f}"
        return [Diagnostic("BSN402", message, span, subject, help="remove the budget, or lower its bound")]
    return []


def _least_share(check: BudgetCheck) -> str:
    """Rounded up, so that it works."""
    return f"{math.ceil(check.range.minimum / check.range.maximum * 1e4) / 100:g}% of max"


def _jointly_feasible(graph: Graph, checks: tuple[BudgetCheck, ...], costs: dict[CostKey, LinearCost]) -> bool:
    budgets = [as_linear(costs[check.budget.cost], check.bound) for check in checks]
    return len(checks) == 1 or cheapest(graph, budgets[0], budgets) is not None


def _jointly_infeasible(checks: tuple[BudgetCheck, ...], analysis: Analysis) -> Diagnostic:
    names = ", ".join(f"`{check.budget}`" for check in checks)
    spans = [analysis.budget_spans.get(str(check.budget.cost)) for check in checks]
    message = f"budgets infeasible together: each can be met alone, no connected architecture meets {names}"
    labels = tuple(Label(span, "together with this one") for span in spans[:-1] if span is not None)
    subject = None if spans[-1] else "--budget"
    return Diagnostic("BSN401", message, spans[-1], subject, labels=labels, help="raise one of the bounds")


def _listed(names: list[str], limit: int = 6) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more edges"
