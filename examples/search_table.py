"""Search a table of trained networks: the engine without any network to train.

The table is a CSV of the NAS-Bench-201 space (Dong & Yang, 2020): a column `ArchitectureString` such as
`|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|`, and columns of accuracies in per
cent. `specs/nb201.bsn` gives the gates and the multiply-adds.

    python examples/search_table.py --table nb201.csv --accuracy CIFAR10TestAccuracy200Epochs --budget 60M
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path

import numpy as np
import torch

from bsnc.cost import cost_of
from bsnc.diagnostics import Source
from bsnc.ir import Graph
from bsnc.search import Found, Problem, minimise
from bsnc.sema import Overrides, analyse
from bsnc.train import bound_of, limit_of

SPEC = Path(__file__).parents[1] / "specs" / "nb201.bsn"
OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""The table's names of the options, in the order in which the spec has them."""
GATES = [(i, j) for j in range(1, 4) for i in range(j)]
"""Source and target of each edge of a cell, in the order of an architecture string."""


def read_table(path: Path, accuracy: str) -> dict[str, float]:
    """Architecture string → accuracy in per cent. Raises SystemExit where the table is not as it should be."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            table = read_rows(lines, accuracy)
    except (OSError, ValueError, csv.Error) as error:
        sys.exit(f"{path}: {error}")
    absent = sum(spell(choice) not in table for choice in product(OPS, repeat=len(GATES)))
    if absent:
        sys.exit(f"{path}: {absent} of the {len(OPS) ** len(GATES)} architectures of the space are not in the table")
    return table


def read_rows(lines: Iterable[str], accuracy: str) -> dict[str, float]:
    """Raises ValueError where a column or a number is missing, or an architecture has two accuracies."""
    rows = csv.DictReader(lines)
    missing = {"ArchitectureString", accuracy} - set(rows.fieldnames or ())
    if missing:
        raise ValueError(f"no column {', '.join(sorted(missing))}; there are {', '.join(rows.fieldnames or ())}")
    table: dict[str, float] = {}
    for row in rows:
        try:
            value = float(row[accuracy])
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(f"line {rows.line_num}: {row[accuracy]!r} is no accuracy")
        name = row["ArchitectureString"]
        if table.setdefault(name, value) != value:
            raise ValueError(f"line {rows.line_num}: {name} has another accuracy above")
    return table


def spell(ops: tuple[str, ...]) -> str:
    """The ops of a cell's six edges → its architecture string."""
    named = dict(zip(GATES, ops, strict=True))
    return "+".join("|" + "".join(f"{named[i, j]}~{i}|" for i in range(j)) for j in range(1, 4))


def string_of(graph: Graph, switches: np.ndarray) -> str:
    """Switches `[S]` → architecture string."""
    columns = {gate.name: span for gate, span in zip(graph.gates, graph.gate_switches, strict=True)}
    spans = [columns[f"g[{i},{j}]"] for i, j in GATES]
    return spell(tuple(OPS[int(switches[span.start : span.stop].argmax())] for span in spans))


def problem_of(table: Mapping[str, float], budget: str) -> Problem:
    """Lose as little accuracy as possible within a budget of multiply-adds."""
    analysis = analyse(Source(str(SPEC), SPEC.read_text(encoding="utf-8")), Overrides((), (f"flops={budget}",)))
    if analysis.program is None:
        sys.exit("\n".join(diagnostic.message for diagnostic in analysis.diagnostics))
    graph = analysis.program.graph
    flops = next(budget for budget in analysis.program.budgets if str(budget.cost) == "flops")
    cost = cost_of(flops.cost, graph)

    def loss(switches: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return torch.tensor([100 - table[string_of(graph, row)] for row in switches.numpy()], dtype=torch.float64)

    return Problem(graph, loss, (limit_of(cost, bound_of(flops, cost, graph)),), of_live=False)


def search(problem: Problem, arguments: argparse.Namespace) -> Found:
    try:
        return minimise(problem, arguments.evaluations, arguments.strategy, arguments.seed)
    except ValueError as error:
        sys.exit(str(error))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--accuracy", default="CIFAR10TestAccuracy200Epochs", help="column of accuracies in per cent")
    parser.add_argument("--budget", default="60M", help="multiply-adds, as in a spec: 60M, 30%% of max")
    parser.add_argument("--evaluations", type=int, default=1500)
    parser.add_argument("--strategy", choices=("policy_gradient", "evolution", "random"), default="policy_gradient")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    problem = problem_of(read_table(arguments.table, arguments.accuracy), arguments.budget)
    found = search(problem, arguments)
    best = {
        "accuracy": round(100 - found.loss, 6),
        "flops": int(problem.costs(torch.from_numpy(found.architecture.live)[None])[0, 0]),
        "architecture": string_of(problem.graph, found.architecture.switches),
    }
    if arguments.json:
        print(json.dumps({"best": best, "evaluations": found.evaluations}))
    else:
        print(f"{best['accuracy']:.2f}%  {best['flops'] / 1e6:.2f} M multiply-adds  {best['architecture']}")
        print(f"{found.evaluations} evaluations")


if __name__ == "__main__":
    main()
