"""How time and memory grow with the edges of an S-network, and a training step with batch, channels and edges.

specs/cnf.bsn with more and more layers, 4 channels. `bsnc check` and `bsnc compile` are cold processes; what is called
inside Python is measured in a process of its own for each size, so that its peak memory is its own. The exponent beside
a size is that of the growth from the size before: 1 is linear. Seconds are those of the processor, which other work on
the machine disturbs least; of cold processes also those on the wall. Prints tables and writes JSON.

    python benchmarks/growth.py --edges 100 1000 10000
    python benchmarks/growth.py --edges 100000 --repeats 1 --without step
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPEC = "specs/cnf.bsn"
LAYERS = {100: 7, 1_000: 63, 10_000: 625, 100_000: 6250}
"""Layers of the spec that give about so many edges."""
MASKS = 64
PARTS = ("python", "check", "compile", "parts", "step")
Figures = dict[str, list[float]]
"""What was measured → seconds of the processor of each repeat, or on the wall, or MiB, where the name says so."""


def settings(layers: int, channels: int = 4) -> list[str]:
    return [f"layers={layers}", f"channels={channels}", "size=32"]


@contextmanager
def measured(figures: Figures, name: str, clock: Callable[[], float] = time.process_time) -> Iterator[None]:
    started = clock()
    yield
    figures.setdefault(name, []).append(clock() - started)


# ---- cold processes ----


def cold(figures: Figures, name: str, command: list[str]) -> str:
    """Runs a process: its seconds by the clock on the wall and of the processor, and the most memory that it held."""
    with tempfile.TemporaryFile("w+") as out, measured(figures, f"{name}, wall", time.perf_counter):
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, f"{command} ended with {process.returncode}"
        figures.setdefault(name, []).append(usage.ru_utime + usage.ru_stime)
        figures.setdefault(f"{name}, MiB", []).append(usage.ru_maxrss / 1024)
        out.seek(0)
        return out.read()


def run_commands(figures: Figures, layers: int, without: list[str]) -> int:
    """Check and compile once each; the number of edges."""
    bsnc, given = [sys.executable, "-m", "bsnc"], [f"--set={text}" for text in settings(layers)]
    if "python" not in without:
        cold(figures, "an empty Python", [sys.executable, "-c", "pass"])
    shown = cold(figures, "check", [*bsnc, "check", SPEC, *given])
    if "compile" not in without:
        with tempfile.TemporaryDirectory() as build:
            cold(figures, "compile", [*bsnc, "compile", SPEC, *given, "-o", build])
    return int(shown.split(" edges")[0].split()[-1])


# ---- inside Python, in a process of its own ----


def inside(job: dict[str, object]) -> Figures:
    command = [sys.executable, __file__, "--inside", json.dumps(job)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def program_of(layers: int, channels: int):
    from bsnc.driver import Overrides
    from bsnc.driver.check import load_program

    return load_program(ROOT / SPEC, Overrides(tuple(settings(layers, channels)), ()))[0]


def costs_and_lowering(layers: int, repeats: int) -> Figures:
    import torch

    from bsnc.cost import cost_of
    from bsnc.ir import CostKey, live_edges
    from bsnc.lower import lower_static, lower_stochastic

    figures: Figures = {}
    graph = program_of(layers, 4).graph
    masks = torch.rand(MASKS, len(graph.edges), generator=torch.Generator().manual_seed(0)) < 0.95
    keys = [CostKey(name=name) for name in ("flops", "params", "memory")]
    for key in (*keys, CostKey(name="steps", options=(("cores", "4"),))):
        with measured(figures, f"{key}, first call"):
            cost = cost_of(key, graph)
            cost(torch.from_numpy(live_edges(graph, masks.numpy())))
        for _ in range(repeats):
            with measured(figures, "liveness"):
                live = torch.from_numpy(live_edges(graph, masks.numpy()))
            with measured(figures, str(key)):
                cost(live)
    figures["costs, MiB"] = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]
    for lower in (lower_stochastic, lower_static):
        for _ in range(repeats):
            with measured(figures, lower.__name__):
                lower(graph)
    figures["lowered, MiB"] = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]
    return figures


def training_step(layers: int, channels: int, batch: int, repeats: int) -> Figures:
    """Forward, backward and optimiser of a batch, every example with an architecture of its own."""
    import torch
    from torch.nn import functional

    from bsnc.lower import lower_stochastic
    from bsnc.search import initial_gates

    program = program_of(layers, channels)
    generator = torch.Generator().manual_seed(0)
    network = lower_stochastic(program.graph).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    live = initial_gates(program.graph, program.search.init).sample(batch, generator).live
    images = torch.randn(batch, *program.graph.input.shape, generator=generator)
    figures: Figures = {}
    for repeat in range(repeats + 1):
        with measured(figures, "step" if repeat else "first step"):
            optimiser.zero_grad()
            functional.cross_entropy(network(images, live), torch.zeros(batch, dtype=torch.int64)).backward()
            optimiser.step()
    figures["step, MiB"] = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]
    return figures


JOBS: dict[str, Callable[..., Figures]] = {"parts": costs_and_lowering, "step": training_step}


def answer(text: str) -> None:
    job = json.loads(text)
    print(json.dumps(JOBS[job.pop("job")](**job)))


# ---- tables ----


def exponent(before: tuple[int, float] | None, now: tuple[int, float]) -> str:
    """The slope between two points on logarithmic axes."""
    if before is None or min(before[1], now[1]) <= 0 or before[0] == now[0]:
        return ""
    return f"^{math.log(now[1] / before[1]) / math.log(now[0] / before[0]):.2f}"


def shown(name: str, value: float) -> str:
    return f"{value:.0f} MiB" if name.endswith("MiB") else f"{1e3 * value:.1f} ms" if value < 1 else f"{value:.2f} s"


def table(title: str, columns: dict[int, Figures]) -> str:
    """Medians by size, and how they grew."""
    names = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    lines = [f"{title:34}" + "".join(f"{size:>22,}" for size in columns)]
    for name in names:
        line, before = f"{name:34}", None
        for size, figures in columns.items():
            if name not in figures:
                line += f"{'':22}"
                continue
            now = (size, statistics.median(figures[name]))
            line += f"{shown(name, now[1]):>14}{exponent(before, now):>8}"
            before = now
        lines.append(line)
    return "\n".join(lines)


def by_edges(args: argparse.Namespace) -> dict[int, Figures]:
    """Sizes are interleaved, so that all see the same machine."""
    columns: dict[int, Figures] = {size: {} for size in args.edges}
    edges: dict[int, int] = {}
    for _ in range(args.repeats):
        for size in args.edges:
            edges[size] = run_commands(columns[size], LAYERS[size], args.without)
    for size in args.edges if "parts" not in args.without else ():
        columns[size] |= inside({"job": "parts", "layers": LAYERS[size], "repeats": args.repeats})
    return {edges[size]: figures for size, figures in columns.items()}


def by_step(args: argparse.Namespace) -> dict[str, dict[int, Figures]]:
    usual = {"layers": LAYERS[100], "channels": 4, "batch": 32}
    varied = {"batch": args.batches, "channels": args.channels, "layers": args.layers}
    return {
        f"a step by {name}": {n: inside({"job": "step", **usual, name: n, "repeats": args.repeats}) for n in values}
        for name, values in varied.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, nargs="+", choices=LAYERS, default=[100, 1_000, 10_000])
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 32, 128])
    parser.add_argument("--channels", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--layers", type=int, nargs="+", default=[7, 21, 63], help="of the step, for its edges")
    parser.add_argument("--without", nargs="+", choices=PARTS, default=[])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/growth.json"))
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        answer(args.inside)
        return
    tables: dict[str, dict[int, Figures]] = {"by edges": by_edges(args)}
    print(table("by edges", tables["by edges"]), flush=True)
    if "step" not in args.without:
        tables |= by_step(args)
    for title in list(tables)[1:]:
        print("\n" + table(title, tables[title]))
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"figures": tables, "python": sys.version}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
