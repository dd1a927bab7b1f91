"""Is a search worth more than luck? What it found against random architectures, on one task.

For every seed: the search as `bsnc train` runs it (search, then training of what it found with the weights that it
left); the found architecture trained from scratch; random feasible architectures of like cost, trained from scratch as
long as these two; and the whole S-network. All have the same optimiser, schedule and augmentation, and are tested on
the same examples, which none of them trained on. For `joint` searches "as long" is search and training together, since
the network has learnt in both; for staged ones it is the training alone, and the search is paid for in seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import torch

from bsnc.cost import cost_of
from bsnc.data import Dataset
from bsnc.diagnostics import Source
from bsnc.ir import Graph, Program, live_edges
from bsnc.lower import lower_static
from bsnc.passes import ApplyArchitecture
from bsnc.search import expand_switches, most
from bsnc.sema import Overrides, analyse
from bsnc.train import Phase, Silent, evaluate, limit_of, train_network, train_program

SPECS = Path(__file__).parents[1] / "specs"
INHERITED, FOUND, SCRATCH, RANDOM = "found, before training", "found", "found, from scratch", "random"


@dataclass(frozen=True)
class Entry:
    """One trained network: its metrics on the test split, its share of the cost of the whole S-network, its edges."""

    kind: str
    seed: int
    metrics: Mapping[str, float]
    share: float
    edges: int
    seconds: float

    @property
    def accuracy(self) -> float:
        """In general the main metric of the task."""
        return next(iter(self.metrics.values()))

    def row(self) -> dict[str, object]:
        return {**vars(self), "accuracy": self.accuracy}


@dataclass(frozen=True)
class Task:
    """A program and its data."""

    source: Source
    program: Program
    dataset: Dataset

    @property
    def epochs(self) -> int:
        """Of a network that is trained from scratch."""
        train = self.program.train
        return train.fine_tune + (train.epochs if self.program.search.mode == "joint" else 0)


def compile_spec(name: str, settings: Sequence[str], budget: str) -> tuple[Source, Program]:
    path = SPECS / name
    source = Source(str(path), path.read_text(encoding="utf-8"))
    analysis = analyse(source, Overrides(tuple(settings), (f"flops={budget}",)))
    assert analysis.program is not None, analysis.diagnostics
    return source, analysis.program


def random_architecture(program: Program, share: float, generator: torch.Generator) -> Graph:
    """A connected architecture of 90% to 100% of a cost, itself a share of the whole's; keep rates vary widely."""
    graph = program.graph
    cost = cost_of(program.budgets[0].cost, graph)
    ceiling = share * greatest(program, graph)
    while True:
        rates = 0.1 + 0.8 * torch.rand(256, 1, generator=generator)
        switches = torch.rand(256, graph.switch_count, generator=generator) < rates
        live = torch.from_numpy(live_edges(graph, expand_switches(graph, switches).numpy()))
        costs = cost(live)
        fitting = ((costs >= 0.9 * ceiling) & (costs <= ceiling)).nonzero().flatten().tolist()
        if fitting:
            row = live[fitting[0]].tolist()
            kept = [edge.name for edge, on in zip(graph.edges, row, strict=True) if on]
            return ApplyArchitecture(kept).run(graph).graph


def share_of(program: Program, graph: Graph) -> float:
    return greatest(program, graph) / greatest(program, program.graph)


def greatest(program: Program, graph: Graph) -> float:
    """The cost of the costliest architecture of a graph."""
    return most(graph, limit_of(cost_of(program.budgets[0].cost, graph))).value


def from_scratch(kind: str, task: Task, graph: Graph, seed: int) -> Entry:
    started = time.monotonic()
    network = lower_static(graph, seed)
    generator = torch.Generator().manual_seed(seed)
    train_network(task.program, task.dataset, network, Phase(kind, task.epochs), generator, Silent())
    metrics = evaluate(network, task.dataset).metrics
    return Entry(kind, seed, metrics, share_of(task.program, graph), len(graph.edges), time.monotonic() - started)


def run_seed(task: Task, seed: int, randoms: int, whole: bool) -> list[Entry]:
    with tempfile.TemporaryDirectory() as directory:
        result = train_program(task.program, [task.source], Path(directory), seed, Silent(), dataset=task.dataset)
    assert all(outcome.met for outcome in result.budgets), "over budget"
    share, edges = share_of(task.program, result.graph), len(result.graph.edges)
    entries = [
        Entry(INHERITED, seed, result.inherited.metrics, share, edges, 0.0),
        Entry(FOUND, seed, result.test.metrics, share, edges, result.seconds),
        from_scratch(SCRATCH, task, result.graph, seed),
    ]
    generator = torch.Generator().manual_seed(1000 + seed)
    for i in range(randoms):
        graph = random_architecture(task.program, share, generator)
        entries.append(from_scratch(RANDOM, task, graph, 1000 * i + seed))
    return [*entries, from_scratch("whole", task, task.program.graph, seed)] if whole else entries


def table(entries: list[Entry]) -> str:
    lines = [f"{'':26} {'n':>3} {'accuracy':>9} {'± s.e.':>7} {'lowest':>7} {'highest':>7} {'cost':>7} {'seconds':>8}"]
    for kind in dict.fromkeys(e.kind for e in entries):
        group = [e for e in entries if e.kind == kind]
        accuracies = [e.accuracy for e in group]
        share, seconds = statistics.mean(e.share for e in group), statistics.mean(e.seconds for e in group)
        lines.append(
            f"{kind:26} {len(group):3} {statistics.mean(accuracies):9.2%} {standard_error(accuracies):7.2%} "
            f"{min(accuracies):7.2%} {max(accuracies):7.2%} {share:7.1%} {seconds:8.1f}"
        )
    return "\n".join([*lines, "", *leads(entries)])


def leads(entries: list[Entry]) -> list[str]:
    """By how much what was found is better than random architectures: the mean over seeds of the difference to the mean
    of all random ones, and to the best of as many as could be trained in the time of the search."""
    luck = [e for e in entries if e.kind == RANDOM]
    if not luck:
        return []
    mean_of_luck, each = statistics.mean(e.accuracy for e in luck), statistics.mean(e.seconds for e in luck)
    whole_run = statistics.mean(e.seconds for e in entries if e.kind == FOUND)
    count = min(len(luck), max(1, math.ceil(whole_run / each)))
    best = statistics.mean(max(some) for some in combinations([e.accuracy for e in luck], count))
    lines: list[str] = []
    for kind in (FOUND, SCRATCH):
        found = [e.accuracy for e in entries if e.kind == kind]
        error = math.hypot(standard_error(found), standard_error([e.accuracy for e in luck]))
        lead = statistics.mean(found) - mean_of_luck
        lines.append(f"{kind}: {lead:+.2%} ± {error:.2%} to the mean of random ones, ")
        lines[-1] += f"{statistics.mean(found) - best:+.2%} to the best of {count}, the time of a whole run"
    return lines


def standard_error(values: list[float]) -> float:
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def arguments(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budgets", nargs="+", default=["20%"], help="shares of the whole")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--randoms", type=int, default=2, help="random architectures per seed")
    parser.add_argument("--wholes", type=int, default=2, help="seeds with which the whole S-network is trained too")
    parser.add_argument("--set", action="append", default=[], help="as `bsnc train --set`")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, required=True)
    return parser


def compare(spec: str, settings: Sequence[str], dataset: Dataset, args: argparse.Namespace) -> None:
    """Run all budgets, print a table after each seed, write all rows."""
    torch.set_num_threads(args.threads)
    rows: list[dict[str, object]] = []
    for budget in args.budgets:
        source, program = compile_spec(spec, (*settings, *args.set), f"{budget} of max")
        task, entries = Task(source, program, dataset), list[Entry]()
        for seed in range(args.seeds):
            entries += run_seed(task, seed, args.randoms, seed < args.wholes)
            print(f"\nafter seed {seed}, budget {budget} of the whole\n{table(entries)}", flush=True)
        rows += [entry.row() | {"budget": budget} for entry in entries]
        args.json.parent.mkdir(parents=True, exist_ok=True)
        told = {key: str(value) for key, value in vars(args).items()}
        args.json.write_text(json.dumps({"arguments": told, "rows": rows}, indent=1))
