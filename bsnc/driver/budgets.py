"""Budgets of a program before training: feasible or not, one by one and together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bsnc.cost import Cost, Given, cost_of
from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, has_errors
from bsnc.driver.ranges import CostRange, cost_range, initial_samples, known_costs
from bsnc.ir import Budget, CostKey, Graph, Program, as_bound, exactly, forced_edges
from bsnc.search import Limit, LinearBudget, cheapest, cheapest_as_a_path, project
from bsnc.sema import Analysis
from bsnc.train import bound_of, limit_of


@dataclass(frozen=True)
class BudgetCheck:
    """A budget with its bound in the cost's unit."""

    budget: Budget
    bound: float
    range: CostRange

    @property
    def feasible(self) -> bool:
        """An architecture is known that meets it."""
        return self.range.minimum <= self.bound

    def said(self, value: float, unit: bool = True) -> str:
        """A value of the cost in words."""
        return exactly(value, self.budget.cost.signature, unit)


@dataclass(frozen=True)
class CostReport:
    """Every cost that the graph tells, and those of budgets; every budget whose cost is known, those on
    what was not measured, and diagnostics on budgets (BSN401, BSN402, BSN403, BSN404)."""

    costs: tuple[CostRange, ...]
    budgets: tuple[BudgetCheck, ...]
    unmeasured: tuple[Budget, ...]
    diagnostics: tuple[Diagnostic, ...]


def report_costs(program: Program, analysis: Analysis, given: Given) -> CostReport:
    """Ranges of all costs and the feasibility of all budgets, one by one and together."""
    graph = program.graph
    require_connected(graph, analysis)
    live, weights = initial_samples(graph, program.search.init)
    known = [budget for budget in program.budgets if given.tells(budget.cost)]
    costs = known_costs(program, given)
    ranges = {key: cost_range(cost, graph, live, weights) for key, cost in costs.items()}
    everything = [BudgetCheck(b, b.resolve(ranges[b.cost].maximum), ranges[b.cost]) for b in known]
    checks = tuple(check for check in everything if check.bound > 0)
    unmeasured = tuple(budget for budget in program.budgets if budget not in known)
    diagnostics = [_unmeasured(budget, analysis) for budget in unmeasured]
    diagnostics += [_of_nothing(check.budget, analysis) for check in everything if check not in checks]
    diagnostics += _gates_that_cannot_close(graph, analysis)
    diagnostics += [d for check in checks for d in _judge(check, graph, analysis)]
    if len(checks) > 1 and not has_errors(diagnostics):
        diagnostics += _judge_together(graph, checks, costs, analysis)
    return CostReport(tuple(ranges.values()), checks, unmeasured, tuple(diagnostics))


def require_connected(graph: Graph, analysis: Analysis) -> None:
    """Raises Diagnosed (BSN303) where the options that a path needs exclude each other."""
    if all(gate.kind == "bernoulli" for gate in graph.gates):
        return
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


def _unmeasured(budget: Budget, analysis: Analysis, code: str = "BSN403") -> Diagnostic:
    message = f"`{budget.cost}` has not been measured on this machine: whether the budget can be met is not known"
    help_text = "`bsnc profile` measures it" + ("; so does `bsnc train`" if code == "BSN403" else "")
    notes: tuple[str, ...] = ()
    from bsnc.export import Setting

    try:
        Setting.of(budget.cost)
    except Diagnosed as lack:
        notes, help_text = tuple(d.message for d in lack.diagnostics), lack.diagnostics[0].help
    return Diagnostic(code, message, *analysis.budget_place(budget.cost), notes=notes, help=help_text)


def _of_nothing(budget: Budget, analysis: Analysis) -> Diagnostic:
    message = f"`{budget}` is a bound of 0: no architecture costs more than 0"
    help_text = "give the bound as a number, or remove the budget"
    return Diagnostic("BSN404", message, *analysis.budget_place(budget.cost), help=help_text)


def bounds_to_hold(program: Program, analysis: Analysis, given: Given) -> list[tuple[CostKey, float]]:
    """The bound of every budget in its cost's unit, that of what is measured too. Raises Diagnosed (BSN404) where a
    share of the greatest cost needs a profile that there is not, or is one of nothing."""
    for budget in program.budgets:
        if budget.of_max and not given.tells(budget.cost):
            raise Diagnosed(_unmeasured(budget, analysis, "BSN404"))

    def bound(budget: Budget) -> float:
        """Only for a share the cost itself is needed."""
        found = bound_of(budget, cost_of(budget.cost, program.graph, given), program.graph)
        if found <= 0:
            raise Diagnosed(_of_nothing(budget, analysis))
        return found

    return [(budget.cost, bound(budget) if budget.of_max else budget.bound) for budget in program.budgets]


def require_feasible(report: CostReport) -> None:
    """Raises Diagnosed (BSN401) where no architecture is known to meet the budgets."""
    errors = [d for d in report.diagnostics if d.severity == "error"]
    if errors:
        raise Diagnosed(*errors)


def whole(value: float) -> int | float:
    """A count as an int where it is one, for JSON."""
    return int(value) if value.is_integer() else value


def _judge(check: BudgetCheck, graph: Graph, analysis: Analysis) -> list[Diagnostic]:
    span, subject = analysis.budget_place(check.budget.cost)
    if not check.feasible:
        return [_infeasible(check, graph, span, subject)]
    if graph.gates and check.range.highest <= check.bound:
        message = f"the costliest architecture costs {check.said(check.range.maximum)}, within the bound of "
        message += check.said(check.bound, unit=False)
        return [Diagnostic("BSN402", message, span, subject, help="remove the budget, or lower its bound")]
    return []


def _infeasible(check: BudgetCheck, graph: Graph, span: SourceSpan | None, subject: str | None) -> Diagnostic:
    forced = forced_edges(graph)
    notes = [f"every architecture needs {_listed(forced)}" if forced else "no architecture depends on a single edge"]
    least, bound = check.said(check.range.minimum), check.said(check.bound, unit=False)
    message = f"budget infeasible: the cheapest connected architecture costs {least}, the bound is {bound}"
    if check.budget.cost.signature.source == "measured":
        message = f"budget infeasible by prediction: the cheapest architecture would take {least}, the bound is {bound}"
        notes.append("predictions are raised so that nine of ten architectures take no longer")
    if check.range.lowest <= check.bound:
        message = (
            f"budget not shown to be feasible: the cheapest architecture found costs {least}, the bound is {bound}"
        )
        known = f"it is proved that none costs less than {check.said(check.range.lowest)}"
        notes.append(known if check.range.lowest else "nothing is known of what the cheapest costs")
    works = _least_share(check) if check.budget.of_max else as_bound(check.range.minimum, check.budget.cost.signature)
    help_text = f"the least bound that works is {works}"
    if check.range.lowest < check.range.minimum:
        help_text = f"a bound that works is {works}"
    return Diagnostic("BSN401", message, span, subject, notes=tuple(notes), help=help_text)


def _least_share(check: BudgetCheck) -> str:
    """Rounded up, so that it works."""
    return f"{math.ceil(check.range.minimum / check.range.maximum * 1e4) / 100:g}% of max"


def _judge_together(
    graph: Graph, checks: tuple[BudgetCheck, ...], costs: Mapping[CostKey, Cost], analysis: Analysis
) -> list[Diagnostic]:
    """BSN401 where each budget can be met, and no architecture meets all, or none is found that does."""
    limits = [limit_of(costs[check.budget.cost], check.bound) for check in checks]
    if any(_meets_all(graph, measure, limits) for limit in limits for measure in limit.below):
        return []
    found = project(graph, np.zeros(graph.switch_count), limits)
    if found.architecture is not None:
        return []
    names = ", ".join(f"`{check.budget}`" for check in checks)
    spans = [analysis.budget_spans.get(str(check.budget.cost)) for check in checks]
    message = f"budgets infeasible together: each can be met alone, no connected architecture meets {names}"
    if not found.exact:
        message = f"budgets not shown to be feasible together: no connected architecture was found that meets {names}"
    labels = tuple(Label(span, "together with this one") for span in spans[:-1] if span is not None)
    subject = None if spans[-1] else "--budget"
    notes = tuple(_needed_beside(graph, checks, limits))
    help_text = "raise one of the bounds"
    return [Diagnostic("BSN401", message, spans[-1], subject, labels=labels, notes=notes, help=help_text)]


def _meets_all(graph: Graph, measure: LinearBudget, limits: Sequence[Limit]) -> bool:
    """Whether the architecture that costs least by a measure is within all limits, where it is found at once."""
    chosen = cheapest_as_a_path(graph, measure)
    return chosen is not None and all(limit.holds(chosen.live[None])[0] for limit in limits)


def _needed_beside(graph: Graph, checks: Sequence[BudgetCheck], limits: Sequence[Limit]) -> Iterator[str]:
    """For each budget the least bound that works where the others stay, where integer programs can tell."""
    if not all(limit.is_linear for limit in limits):
        return
    budgets = [limit.below[0] for limit in limits]
    for i, (check, limit) in enumerate(zip(checks, limits, strict=True)):
        best = cheapest(graph, budgets[i], [*budgets[:i], *budgets[i + 1 :]])
        if best is not None:
            least = check.said(float(limit.count(best.live[None])[0]))
            yield f"with the other bounds as they are, `{check.budget.cost}` needs {least}"


def _listed(names: list[str], limit: int = 6) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more edges"
