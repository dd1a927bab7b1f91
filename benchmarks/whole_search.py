"""A whole joint search, against one that computes every edge for every example.

python benchmarks/whole_search.py [--channels 16 32] [--budgets "flops=20% of max"] [--seeds 3]

Both have the gates, estimator, schedule of budgets, seeds and loop of `bsnc train` on scikit-learn's digits; both
harden and project what they found, and fine-tune it, in one way. They differ in how a step of the search computes:
`bsnc` in scheduled execution, `dense` as `plain.py` says, with its batch norms over all rows, zeros included. Where a
budget is on steps, the baseline schedules each example in Python; what gates learn from are the steps that bsnc counts,
whose evaluation is taken off its time. Times are seconds of the processor, of the search alone; each seed runs both,
in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from plain import makespan, run_every_edge
from torch import Tensor, fx, nn

from bsnc.data import Dataset, load_data
from bsnc.diagnostics import Source
from bsnc.driver.reuse import reuse_between_steps
from bsnc.ir import Graph, Program
from bsnc.lower import edge_attributes, node_attributes
from bsnc.sema import Overrides, analyse
from bsnc.train import BudgetTable, Machine, Search, Silent
from bsnc.train.checkpoint import Checkpoints
from bsnc.train.finals import Finals
from bsnc.train.run import live_names

SPECS = Path(__file__).parents[1] / "specs"
KINDS = ("bsnc", "dense")
SETTINGS = ["search.mode=joint", "search.warmup=5", "train.epochs=30", "train.fine_tune=20"]
"""So that a search takes a minute or so."""


class DenseMachine(Machine):
    """Runs an SS-network as the baseline does; a plain network as bsnc does."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.edges, self.nodes = edge_attributes(graph), node_attributes(graph)

    def run(self, network: fx.GraphModule, taken: Sequence[Tensor]) -> Tensor:
        if len(taken) == 1:
            return super().run(network, taken)
        x, masks = taken
        edges = [self._edge(network, name) for name in self.edges.values()]
        activations = [self._activations(network, node.name) for node in self.graph.nodes]
        return run_every_edge(self.graph, edges, activations, x, masks.float())

    def _edge(self, network: fx.GraphModule, name: str) -> nn.Module:
        return nn.Sequential(*network.get_submodule(f"edges.{name}").children())

    def _activations(self, network: fx.GraphModule, name: str) -> nn.Module:
        if name == self.graph.input.name:
            return nn.Identity()
        return network.get_submodule(f"nodes.{self.nodes[name]}.activations")


class DenseBudgets(BudgetTable):
    """Schedules each example in Python where a budget is on steps; `extra` is what it took beyond that."""

    def __init__(self, program: Program) -> None:
        self.extra = 0.0
        self.graph = program.graph
        self.cores = [int(b.cost.number("cores")) for b in program.budgets if b.cost.name == "steps"]
        super().__init__(program)

    def costs(self, live: Tensor) -> Tensor:
        for cores in self.cores:
            _ = [makespan(self.graph, row, cores) for row in live.tolist()]
        started = time.process_time()
        counted = super().costs(live)
        self.extra += time.process_time() - started if self.cores else 0.0
        return counted


@dataclass(frozen=True)
class Entry:
    """One search and what it found: seconds of the processor, the share of the cost that the first budget allows, and
    accuracies on the test split."""

    kind: str
    seed: int
    search_seconds: float
    fine_tune_seconds: float
    edges: int
    projected: bool
    cost: float
    bound: float
    inherited: float
    accuracy: float


def compile_digits(settings: Sequence[str], budget: str) -> Program:
    path = SPECS / "digits.bsn"
    source = Source(str(path), path.read_text(encoding="utf-8"))
    analysis = analyse(source, Overrides((*SETTINGS, *settings), (budget,)))
    assert analysis.program is not None, analysis.diagnostics
    return analysis.program


def search(kind: str, program: Program, dataset: Dataset, seed: int) -> Entry:
    """Search, then fine-tune what was found, as `bsnc train` does."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    machine = Machine() if kind == "bsnc" else DenseMachine(program.graph)
    started = time.process_time()
    budgets = BudgetTable(program) if kind == "bsnc" else DenseBudgets(program)
    searched = Search(program, dataset, budgets, generator, Silent(), Checkpoints(), machine).run(seed)
    ended = time.process_time()
    extra = budgets.extra if isinstance(budgets, DenseBudgets) else 0.0
    live = live_names(program.graph, searched.chosen)
    final = Finals(program, dataset, searched.network, live, seed, Silent(), Checkpoints()).run(generator)
    cost = float(budgets.costs(searched.chosen.live[None])[0, 0])
    taken = (ended - started - extra, time.process_time() - ended)
    found = (len(live), searched.chosen.projected, cost, budgets.bounds[0])
    return Entry(kind, seed, *taken, *found, final.inherited.main, final.test.main)


def ratios(entries: Sequence[Entry]) -> list[float]:
    """Of each seed, the seconds of the baseline's search divided by those of bsnc's."""
    seconds = {(entry.kind, entry.seed): entry.search_seconds for entry in entries}
    return [seconds["dense", seed] / taken for (kind, seed), taken in seconds.items() if kind == "bsnc"]


def table(entries: Sequence[Entry]) -> str:
    lines = [
        f"{'':6} {'search s':>9} {'fine-tune s':>12} {'cost / bound':>13} {'inherited':>10} {'accuracy':>9}  of each"
    ]
    for kind in KINDS:
        group = [entry for entry in entries if entry.kind == kind]
        medians = (
            statistics.median(e.search_seconds for e in group),
            statistics.median(e.fine_tune_seconds for e in group),
        )
        share, inherited, accuracy = (
            statistics.mean(values)
            for values in zip(*((e.cost / e.bound, e.inherited, e.accuracy) for e in group), strict=True)
        )
        each = " ".join(f"{e.accuracy:.2%}" for e in group)
        lines.append(
            f"{kind:6} {medians[0]:9.1f} {medians[1]:12.1f} {share:13.1%} {inherited:10.2%} {accuracy:9.2%}  {each}"
        )
    faster = ratios(entries)
    return "\n".join([*lines, f"faster {statistics.median(faster):.2f}, {min(faster):.2f} to {max(faster):.2f}"])


def compare(program: Program, seeds: int) -> list[Entry]:
    """All seeds, both in turn, the first one in turn too; a line after each."""
    dataset = load_data(program.data, program.graph)
    entries: list[Entry] = []
    for seed in range(seeds):
        for kind in KINDS if seed % 2 == 0 else reversed(KINDS):
            entries.append(search(kind, program, dataset, seed))
            entry = entries[-1]
            print(f"seed {seed} {kind:6} {entry.search_seconds:7.1f} s, {entry.accuracy:.2%}", flush=True)
    return entries


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--budgets", nargs="+", default=["flops=20% of max"], help="as `bsnc train --budget`")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], help="as `bsnc train --set`")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/whole_search.json"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    reuse_between_steps()
    rows: list[dict[str, Any]] = []
    for channels in args.channels:
        for budget in args.budgets:
            entries = compare(compile_digits([f"channels={channels}", *args.set], budget), args.seeds)
            print(f"\n{channels} channels, {budget}\n{table(entries)}\n", flush=True)
            rows += [{"channels": channels, "budget": budget, **vars(entry)} for entry in entries]
            told = {key: str(value) for key, value in vars(args).items()}
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps({"arguments": told, "torch": torch.__version__, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
