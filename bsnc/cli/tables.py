"""Results as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsnc.driver import Breakdown, CostReport, MaskCost
    from bsnc.export import BudgetRow, Certificate
    from bsnc.ir import Graph


def graph_size(graph: Graph) -> str:
    """`12 nodes, 48 edges, 46 gates`."""
    counts = (("node", graph.nodes), ("edge", graph.edges), ("gate", graph.gates))
    return ", ".join(counted(len(items), what) for what, items in counts)


def counted(count: int, what: str) -> str:
    """`1 edge`, `2 edges`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def cost_table(report: CostReport) -> str:
    """Range of every cost; bound and feasibility where there is a budget on it."""
    budgets = {str(check.budget.cost): check for check in report.budgets}
    rows: list[list[str]] = []
    for cost in report.costs:
        budget = budgets.get(str(cost.key))
        bound = quantity(budget.bound) if budget else ""
        verdict = ("feasible" if budget.feasible else "INFEASIBLE") if budget else ""
        figures = (cost.minimum, cost.maximum, cost.expected)
        rows.append([str(cost.key), *map(quantity, figures), cost.key.signature.unit, bound, verdict])
    return table(rows, ["cost", "minimum", "maximum", "expected", "unit", "bound", ""])


def mask_table(results: Sequence[MaskCost]) -> str:
    """Live edges and costs of masks, in order."""
    names = list(results[0].costs) if results else []
    rows = [
        [str(i), str(len(r.live)) if r.live else "none: inconsistent", *map(quantity, r.costs.values())]
        for i, r in enumerate(results)
    ]
    return table(rows, ["mask", "live edges", *names])


def breakdown_table(breakdown: Breakdown) -> str:
    """An architecture part by part, the costliest first, with the totals below; then costs that have no parts."""
    names = list(breakdown.totals)
    rows = [
        [part.name, shortened(part.module), *_shares([(part.amounts[n], breakdown.share(part, n)) for n in names])]
        for part in breakdown.parts
    ]
    rows.append(["total", "", *_shares([(total, float(total > 0)) for total in breakdown.totals.values()])])
    header = ["edge or node", "module", *(word for name in names for word in (name, "share"))]
    tables = [table(rows, header, left=2)]
    if breakdown.others:
        others = [[name, quantity(total), breakdown.units[name]] for name, total in breakdown.others.items()]
        tables.append(table(others, ["cost", "total", "unit"]))
    return "\n\n".join(tables)


def _shares(amounts: Sequence[tuple[float, float]]) -> list[str]:
    return [text for amount, share in amounts for text in (quantity(amount), f"{share:.1%}")]


def shortened(text: str, limit: int = 48) -> str:
    """A text that may be long, cut off."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def budget_table(rows: Sequence[BudgetRow]) -> str:
    """Every budget with the cost recounted from a file."""
    if not rows:
        return "no budgets"
    body = [[r.cost, f"{r.value:,.0f}", f"{r.bound:,.0f}", r.unit, "met" if r.met else "EXCEEDED"] for r in rows]
    return table(body, ["budget", "cost", "bound", "unit", ""])


def certificate_text(certificate: Certificate) -> str:
    """A certificate in short."""
    parity = certificate.parity
    return (
        f"certificate (costs recounted from the ONNX file)\n{budget_table(certificate.budgets)}\n"
        f"parity with torch: max abs diff {parity.max_abs_diff:.2g} over {parity.examples} examples "
        f"(tolerance {parity.tolerance:g})"
    )


def quantity(value: float) -> str:
    """A count for people: `39.25 M`, `512`."""
    for factor, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= factor:
            return f"{value / factor:.4g}{suffix}"
    return f"{value:.4g}"


def table(rows: Sequence[Sequence[str]], header: Sequence[str], left: int = 1) -> str:
    """Columns as wide as their content; the first `left` to the left, the others to the right."""
    everything = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in everything) for i in range(len(header))]
    lines = [
        "  ".join(c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in everything
    ]
    return "\n".join(line.rstrip() for line in [lines[0], "  ".join("-" * w for w in widths), *lines[1:]])
