"""Results as tables for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bsnc.diagnostics import counted
from bsnc.ir import exactly, metrics_text, roughly, signature_of

if TYPE_CHECKING:
    from bsnc.driver import Breakdown, BudgetCheck, CostRange, CostReport, MaskCost
    from bsnc.export import BudgetRow, Certificate
    from bsnc.ir import Budget, Graph, Origin
    from bsnc.train import BudgetOutcome, Evaluation


def graph_size(graph: Graph) -> str:
    """`12 nodes, 48 edges, 46 gates`."""
    counts = (("node", graph.nodes), ("edge", graph.edges), ("gate", graph.gates))
    return ", ".join(counted(len(items), what) for what, items in counts)


def cost_table(report: CostReport) -> str:
    """Range of every cost, then every budget: its bound, how it stands to the range, and whether it can be met."""
    rows = [
        [
            str(cost.key),
            _amount(cost, cost.minimum, proved=cost.lowest == cost.minimum),
            _amount(cost, cost.maximum, proved=cost.highest == cost.maximum),
            _amount(cost, cost.expected),
            cost.key.signature.unit,
        ]
        for cost in report.costs
    ]
    text = table(rows, ["cost", "minimum", "maximum", "expected", "unit"])
    if any("*" in cell for row in rows for cell in row):
        text += "\n* the least or the most that was found; whatever has no star is proved"
    if not report.budgets and not report.unmeasured:
        return text
    budgets = [
        [
            str(check.budget.cost),
            roughly(check.bound, check.budget.cost.signature),
            _ratio(check.bound, check.range.maximum),
            _ratio(check.range.expected, check.bound),
            _feasibility(check),
        ]
        for check in report.budgets
    ]
    budgets += [[str(b.cost), _bound_of(b), "", "", "not measured"] for b in report.unmeasured]
    return f"{text}\n\n{table(budgets, ['budget', 'bound', 'of maximum', 'expected of bound', ''])}"


def _amount(cost: CostRange, value: float, proved: bool = True) -> str:
    return roughly(value, cost.key.signature, unit=False) + ("" if proved else "*")


def _ratio(value: float, whole: float) -> str:
    """`20.0%`, `19×`; nothing where there is nothing to divide by."""
    if whole <= 0:
        return ""
    return f"{value / whole:.1%}" if value < 10 * whole else f"{value / whole:,.0f}×"


def _bound_of(budget: Budget) -> str:
    return f"{budget.bound:.1%} of max" if budget.of_max else roughly(budget.bound, budget.cost.signature)


def _feasibility(check: BudgetCheck) -> str:
    if check.budget.cost.signature.source == "measured":
        return "feasible, as predicted" if check.feasible else "INFEASIBLE, as predicted"
    if check.feasible:
        return "feasible"
    return "INFEASIBLE" if check.range.lowest > check.bound else "NOT SHOWN FEASIBLE"


def mask_table(results: Sequence[MaskCost]) -> str:
    """Live edges and costs of masks, in order."""
    names = list(results[0].costs) if results else []
    rows = [
        [
            str(i),
            str(len(r.live)) if r.live else "none: inconsistent",
            *(short(name, value) for name, value in r.costs.items()),
        ]
        for i, r in enumerate(results)
    ]
    return table(rows, ["mask", "live edges", *names])


def breakdown_table(breakdown: Breakdown) -> str:
    """An architecture part by part, the costliest first, with the totals below; then costs that have no parts."""
    names = list(breakdown.totals)
    rows = [
        [part.name, shortened(part.module), *_shares(part.amounts, {n: breakdown.share(part, n) for n in names})]
        for part in breakdown.parts
    ]
    rows.append(["total", "", *_shares(breakdown.totals, {n: float(breakdown.totals[n] > 0) for n in names})])
    header = ["edge or node", "module", *(word for name in names for word in (name, "share"))]
    tables = [table(rows, header, left=2)]
    if breakdown.others:
        others = [[name, short(name, total), breakdown.units[name]] for name, total in breakdown.others.items()]
        tables.append(table(others, ["cost", "total", "unit"]))
    if breakdown.remarks:
        tables.append("\n".join(f"{name}: {remark}" for name, remark in breakdown.remarks.items()))
    return "\n\n".join(tables)


def _shares(amounts: Mapping[str, float], shares: Mapping[str, float]) -> list[str]:
    return [text for name, share in shares.items() for text in (short(name, amounts[name]), f"{share:.1%}")]


def shortened(text: str, limit: int = 48) -> str:
    """A text that may be long, cut off."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def budget_table(rows: Sequence[BudgetRow]) -> str:
    """Every budget with the cost recounted from a file."""
    if not rows:
        return "no budgets"
    body = [[r.cost, r.said(), _bound(r), _ratio(r.high, r.bound), "met" if r.met else "EXCEEDED"] for r in rows]
    return table(body, ["budget", "cost", "bound", "used", ""])


def _bound(row: BudgetRow) -> str:
    return exactly(row.bound, signature_of(row.cost), unit=False)


def comparison_table(compared: Mapping[Origin, Evaluation], exported: Origin) -> str:
    """The final architecture with weights of several origins, on the test split."""
    rows = [
        [name.replace("_", " "), metrics_text(test.metrics), f"{test.loss:.4f}", "exported" if name == exported else ""]
        for name, test in compared.items()
    ]
    return table(rows, ["weights", "test", "loss", ""])


def binding_text(budgets: Sequence[BudgetOutcome]) -> str:
    """Which budgets bind, and what they weighed at the end of the search, where gates learnt."""
    binding = [f"{b.cost}" + ("" if b.penalty is None else f" (λ {b.penalty:.3g})") for b in budgets if b.binds]
    return f"budgets that bind: {', '.join(binding) or 'none'}"


def evaluation_text(test: Evaluation) -> str:
    """`99.11% of 450 examples, loss 0.0312`, the metrics of the task first."""
    return f"{metrics_text(test.metrics)} of {counted(test.examples, 'example')}, loss {test.loss:.4f}"


def projection_text(gap: float) -> str:
    """How the final network was found where the likeliest values of the gates did not do."""
    found = "projected: the likeliest values of the gates are over a budget or unconnected; the most probable network"
    return f"{found} within all budgets" + (f", or less so by a factor of at most {math.exp(gap):.3g}" if gap else "")


def certificate_text(certificate: Certificate) -> str:
    """A certificate in short."""
    parity = certificate.parity
    return (
        f"certificate (costs of the ONNX file)\n{budget_table(certificate.budgets)}\n"
        f"parity with torch: max abs diff {parity.max_abs_diff:.2g} over {counted(parity.examples, 'example')} "
        f"(tolerance {parity.tolerance:g})"
    )


def short(name: str, value: float) -> str:
    """An amount of the cost of this name, without its unit: `39.25 M`, `7.63 MiB`."""
    return roughly(value, signature_of(name), unit=False)


def table(rows: Sequence[Sequence[str]], header: Sequence[str], left: int = 1) -> str:
    """Columns as wide as their content; the first `left` to the left, the others to the right."""
    everything = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in everything) for i in range(len(header))]
    lines = [
        "  ".join(c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in everything
    ]
    return "\n".join(line.rstrip() for line in [lines[0], "  ".join("-" * w for w in widths), *lines[1:]])
