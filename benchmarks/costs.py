"""What share of a training step do costs take? All that a graph alone tells, on samples of the gates of a fabric.

A step is forward, backward and optimiser of the SS-network of specs/cnf.bsn on random images. After each step every
cost is evaluated a few times on the live edges of the same samples, so that both see the same machine. Prints a table
and writes JSON.

    python benchmarks/costs.py --layers 8 --batch 128
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn import functional

from bsnc.cost import cost_of
from bsnc.diagnostics import Source
from bsnc.ir import CostKey, Graph, Program, every_cost, live_edges
from bsnc.lower import lower_stochastic
from bsnc.search import Sample, expand_switches, initial_gates
from bsnc.sema import Overrides, analyse

SPEC = Path(__file__).parents[1] / "specs" / "cnf.bsn"


def compile_program(settings: tuple[str, ...]) -> Program:
    source = Source(str(SPEC), SPEC.read_text(encoding="utf-8"))
    analysis = analyse(source, Overrides(settings, ()))
    assert analysis.program is not None, analysis.diagnostics
    return analysis.program


def training_step(graph: Graph, live: torch.Tensor) -> Callable[[], object]:
    """Forward, backward and optimiser of one batch, a row of `live` for each example."""
    generator = torch.Generator().manual_seed(0)
    network = lower_stochastic(graph).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    images = torch.randn(len(live), *graph.input.shape, generator=generator)
    labels = torch.randint(graph.output.shape[0], (len(live),), generator=generator)

    def step() -> None:
        optimiser.zero_grad()
        functional.cross_entropy(network(images, live), labels).backward()
        optimiser.step()

    return step


def evaluations(graph: Graph, sample: Sample, cores: list[str]) -> dict[str, Callable[[], object]]:
    """Name → evaluation on the batch: the live edges of masks, and each cost of live edges."""
    masks = expand_switches(graph, sample.switches)
    steps = [CostKey(name="steps", options=(("cores", count),)) for count in cores]
    costs = {str(key): cost_of(key, graph) for key in (*every_cost(), *steps)}
    named = {name: lambda cost=cost: cost(sample.live) for name, cost in costs.items()}
    return {"live edges": lambda: live_edges(graph, masks.numpy()), **named}


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def measure(program: Program, args: argparse.Namespace) -> tuple[list[float], dict[str, list[float]]]:
    """Seconds of each step, and of each evaluation by name. A first round of both is not counted."""
    generator = torch.Generator().manual_seed(0)
    sample = initial_gates(program.graph, program.search.init).sample(args.batch, generator)
    step = training_step(program.graph, sample.live)
    runs = evaluations(program.graph, sample, args.cores.split(","))
    steps: list[float] = []
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(args.repeats + 1):
        steps.append(seconds(step))
        for name, run in runs.items():
            taken[name] += [seconds(run) for _ in range(args.evaluations)]
        if repeat == 0:
            steps.clear()
            taken = {name: [] for name in runs}
    return steps, taken


def table(steps: list[float], taken: dict[str, list[float]]) -> str:
    step = statistics.median(steps)
    lines = [f"{'':28} {'least':>10} {'median':>10} {'most':>10}  of a step"]
    rows = {"training step": steps, **taken, "all of these costs": [sum(map(statistics.median, taken.values()))]}
    for name, times in rows.items():
        shown = (f"{1e3 * value:8.2f}ms" for value in (min(times), statistics.median(times), max(times)))
        lines.append(f"{name:28} {' '.join(shown)}  {statistics.median(times) / step:.4%}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--cores", default="4", help="of `steps`, with commas between")
    parser.add_argument("--repeats", type=int, default=3, help="training steps")
    parser.add_argument("--evaluations", type=int, default=10, help="of each cost after each step")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/costs.json"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    program = compile_program((f"layers={args.layers}", f"channels={args.channels}"))
    steps, taken = measure(program, args)
    print(f"{len(program.graph.gates)} gates, {args.channels} channels, batch of {args.batch}, {args.threads} threads")
    print(table(steps, taken))
    args.json.parent.mkdir(parents=True, exist_ok=True)
    shown = {"arguments": {k: str(v) for k, v in vars(args).items()}, "python": sys.version, "torch": torch.__version__}
    args.json.write_text(json.dumps({**shown, "step": steps, "seconds": taken}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
