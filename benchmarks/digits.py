"""Is the search worth more than luck? Digits under a budget: the found architecture against random ones.

For every seed: the search as `bsnc train` runs it (search, then fine-tuning of what it found); the found
architecture trained from scratch; a random feasible architecture of like cost; and the whole fabric. All train
for the same number of epochs, with the same optimiser, schedule and augmentation, and are tested on the same 450
images, which none of them trained on. Prints a table and writes JSON.

    python benchmarks/digits.py --channels 4 --seeds 5
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from bsnc.cost import cost_of
from bsnc.diagnostics import Source
from bsnc.ir import Graph, Program, live_edges
from bsnc.lower import lower_static
from bsnc.passes import ApplyArchitecture
from bsnc.search import expand_switches, most
from bsnc.sema import Overrides, analyse
from bsnc.train import Dataset, Phase, Silent, evaluate, limit_of, load_data, train_network, train_program

SPEC = Path(__file__).parents[1] / "specs" / "digits.bsn"


@dataclass(frozen=True)
class Entry:
    """One trained network: its test accuracy, its share of the cost of the whole S-network, its edges."""

    kind: str
    seed: int
    accuracy: float
    share: float
    edges: int
    seconds: float


def source() -> Source:
    return Source(str(SPEC), SPEC.read_text(encoding="utf-8"))


def compile_program(overrides: Overrides) -> Program:
    analysis = analyse(source(), overrides)
    assert analysis.program is not None, analysis.diagnostics
    return analysis.program


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


def from_scratch(kind: str, program: Program, dataset: Dataset, graph: Graph, seed: int) -> Entry:
    started = time.monotonic()
    network = lower_static(graph, seed)
    epochs = program.train.epochs + program.train.fine_tune
    generator = torch.Generator().manual_seed(seed)
    train_network(program, dataset, network, Phase(kind, epochs), generator, Silent())
    accuracy = evaluate(network, dataset).accuracy
    return Entry(kind, seed, accuracy, share_of(program, graph), len(graph.edges), time.monotonic() - started)


def run_seed(program: Program, dataset: Dataset, seed: int, randoms: int) -> list[Entry]:
    with tempfile.TemporaryDirectory() as directory:
        result = train_program(program, [source()], Path(directory), seed, Silent())
    assert all(outcome.met for outcome in result.budgets), "over budget"
    share = share_of(program, result.graph)
    found = Entry("found", seed, result.test.accuracy, share, len(result.graph.edges), result.seconds)
    before = Entry("found, before fine-tuning", seed, result.inherited.accuracy, share, found.edges, 0.0)
    entries = [before, found, from_scratch("found, from scratch", program, dataset, result.graph, seed)]
    generator = torch.Generator().manual_seed(1000 + seed)
    for i in range(randoms):
        graph = random_architecture(program, share, generator)
        entries.append(from_scratch("random", program, dataset, graph, 1000 * i + seed))
    return [*entries, from_scratch("whole", program, dataset, program.graph, seed)]


def table(entries: list[Entry]) -> str:
    lines = [f"{'':26} {'n':>3} {'accuracy':>9} {'± s.e.':>7} {'lowest':>7} {'highest':>7} {'cost':>7} {'seconds':>8}"]
    for kind in dict.fromkeys(e.kind for e in entries):
        group = [e for e in entries if e.kind == kind]
        accuracies = [e.accuracy for e in group]
        error = statistics.stdev(accuracies) / len(group) ** 0.5 if len(group) > 1 else 0.0
        share, seconds = statistics.mean(e.share for e in group), statistics.mean(e.seconds for e in group)
        lines.append(
            f"{kind:26} {len(group):3} {statistics.mean(accuracies):9.2%} {error:7.2%} {min(accuracies):7.2%} "
            f"{max(accuracies):7.2%} {share:7.1%} {seconds:8.1f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=4)
    parser.add_argument("--budget", default="20% of max")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--randoms", type=int, default=2, help="random architectures per seed")
    parser.add_argument("--set", action="append", default=[], help="as `bsnc train --set`")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/digits.json"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    settings = (f"channels={args.channels}", *args.set)
    program = compile_program(Overrides(settings, (f"flops={args.budget}",)))
    dataset = load_data(program.data, program.graph)
    entries: list[Entry] = []
    for seed in range(args.seeds):
        entries += run_seed(program, dataset, seed, args.randoms)
        print(f"\nafter seed {seed}, {args.channels} channels, budget {args.budget}\n{table(entries)}", flush=True)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    rows = [vars(e) for e in entries]
    args.json.write_text(json.dumps({"arguments": {k: str(v) for k, v in vars(args).items()}, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
