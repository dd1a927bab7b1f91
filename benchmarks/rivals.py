"""What a finished run found, beside its rivals: the whole S-network, and random architectures within the budget.

python benchmarks/rivals.py runs/first --randoms 1

RUN is a directory that `bsnc train` left, of a staged search. What it exported, with weights from the search, stands
first. All others train from scratch for the run's `fine_tune` epochs, by its recipe and on its data: the architecture
that it found, the whole network, and random ones of 90% to 100% of the found one's cost. Cost is that of the spec's
first budget.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from compare import FOUND, RANDOM, SCRATCH, Entry, Task, from_scratch, random_architecture, share_of

from bsnc.data import load_data
from bsnc.diagnostics import Source
from bsnc.ir import metrics_text
from bsnc.train import evaluate, load_begun, load_run


def rivals(run: Path, randoms: int, seed: int) -> list[Entry]:
    """Prints each as soon as it is trained."""
    program, _, graph, network = load_run(run)
    spec = run / "spec.bsn"
    source = Source(str(spec), spec.read_text(encoding="utf-8"))
    task = Task(source, program, load_data(program.data, program.graph))
    share = share_of(program, graph)
    exported = evaluate(network, task.dataset).metrics
    entries = [show(Entry(FOUND, load_begun(run)[1].seed, exported, share, len(graph.edges), 0.0))]
    entries += [show(from_scratch(SCRATCH, task, graph, seed)), show(from_scratch("whole", task, program.graph, seed))]
    generator = torch.Generator().manual_seed(1000 + seed)
    for i in range(randoms):
        drawn = random_architecture(program, share, generator)
        entries.append(show(from_scratch(RANDOM, task, drawn, 1000 * i + seed)))
    return entries


def show(entry: Entry) -> Entry:
    metrics = metrics_text(entry.metrics)
    print(f"{entry.kind:20} {metrics}; {entry.share:.1%} of the cost, {entry.edges} edges", flush=True)
    return entry


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--randoms", type=int, default=1, help="random architectures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/rivals.json"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows = [entry.row() for entry in rivals(args.run, args.randoms, args.seed)]
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"run": str(args.run), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
