"""`bsnc compile`: program, costs, lowered code and picture, written to a build directory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from bsnc.diagnostics import Diagnostic, exit_status
from bsnc.disk import write_atomically, write_json
from bsnc.driver.budgets import CostReport, report_costs, whole
from bsnc.driver.check import Loaded, warnings_of
from bsnc.driver.files import make_directory, writing
from bsnc.driver.given import given_of
from bsnc.ir import Program, dump_program, print_graph
from bsnc.lower import stochastic_code
from bsnc.report import draw_graph
from bsnc.sema import Overrides


@dataclass(frozen=True)
class Compilation:
    """A compiled spec. `diagnostics` holds warnings, and errors where budgets cannot be met."""

    program: Program
    report: CostReport
    diagnostics: list[Diagnostic]

    @property
    def exit_status(self) -> int:
        return exit_status(self.diagnostics)

    def as_json(self) -> dict[str, object]:
        """The shape of `compile --json`. No architecture costs less than `lowest` or more than `highest`: null where
        that is not known."""
        graph = self.program.graph
        return {
            "name": graph.name,
            "nodes": len(graph.nodes),
            "edges": len(graph.edges),
            "gates": len(graph.gates),
            "costs": {
                str(c.key): {
                    "min": whole(c.minimum),
                    "max": whole(c.maximum),
                    "expected": c.expected,
                    "lowest": whole(c.lowest),
                    "highest": whole(c.highest) if math.isfinite(c.highest) else None,
                    "unit": c.key.signature.unit,
                }
                for c in self.report.costs
            },
            "budgets": [
                {"cost": str(b.budget.cost), "bound": whole(b.bound), "feasible": b.feasible}
                for b in self.report.budgets
            ],
        }


def compile_spec(spec: Loaded, overrides: Overrides) -> Compilation:
    """Prove or refute that the budgets of a spec can be met."""
    program, analysis = spec
    report = report_costs(program, analysis, given_of(program, analysis, overrides.allow_extern))
    return Compilation(program, report, [*warnings_of(analysis), *report.diagnostics])


def emit(program: Program, what: str) -> str:
    """One view of a program as text: `ir`, `json`, `fx` or `svg`."""
    if what == "ir":
        return print_graph(program.graph)
    if what == "json":
        return dump_program(program)
    if what == "svg":
        return draw_graph(program.graph)
    return stochastic_code(program.graph).lstrip("\n") + "\n"


def write_build(compilation: Compilation, directory: Path) -> list[Path]:
    """ir.json, fx.py, graph.svg and costs.json. Raises Diagnosed (BSN003)."""
    make_directory(directory)
    files = {"ir.json": "json", "fx.py": "fx", "graph.svg": "svg"}
    with writing(directory):
        for name, what in files.items():
            write_atomically(directory / name, emit(compilation.program, what).encode())
        write_json(directory / "costs.json", compilation.as_json())
    return [directory / name for name in (*files, "costs.json")]
