"""Images a second of the recipes of B-ResNet and B-CNF, as a share of what the device can do, and where the rest goes.

python benchmarks/throughput.py [--device cuda] [--networks b_resnet] [--executions scheduled dense]
python benchmarks/throughput.py --device cpu --size small    # in less than a minute

A step is that of a joint search by `bsnc train`, from the augmentation of random images on: with gates as they start,
and fixed to an architecture within the budgets, as they are at the end. The share is 3 × 2 × multiply-adds of the live
edges × images a second, of the rate of a large product of matrices on the same device: in bfloat16, or in float32 where
that is faster, as on many CPUs. A second, shorter run is profiled: operators by their own time; the share of a step in
which the device has nothing to do; calls that wait for it, with the lines of Python that make them.

What concerns CUDA has not been run: where this was written there was no GPU.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from bsnc.cost import cost_of
from bsnc.data import Dataset, Split
from bsnc.driver.files import importer, read_source
from bsnc.driver.reuse import reuse_between_steps
from bsnc.ir import CostKey, Graph, Hardware, Program
from bsnc.lower import lower_stochastic
from bsnc.search import Gates
from bsnc.sema import Overrides, analyse
from bsnc.train import BudgetTable, Machine, Phase, open_machine
from bsnc.train.joint import JointPolicy
from bsnc.train.search import choose_architecture
from bsnc.train.training import Totals, Training

SPECS = Path(__file__).parents[1] / "specs"
NETWORKS = {
    "b_resnet": ["depth=2", "widths=[8, 16, 32]"],
    "b_cnf": ["layers=2", "channels=4", "size=8"],
}
"""Their settings where the size is small."""
SMALL = (["train.batch_size=4"], ("flops=50% of max",))
BATCHES = 16
"""Of random images."""
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize", "cudaMemcpyAsync", "cudaMemcpy")
READS = ("aten::_local_scalar_dense", "aten::nonzero")
"""Operators that wait where their tensor is on the device; they are also counted where it is not."""


@dataclass(frozen=True)
class Case:
    """What is timed."""

    network: str
    gates: str
    execution: str
    precision: str

    def __str__(self) -> str:
        return f"{self.network:10} {self.gates:6} {self.execution:10} {self.precision:10}"


def compile_recipe(network: str, size: str) -> Program:
    path = SPECS / f"{network}_cifar10.bsn"
    source = read_source(path)
    settings, budgets = SMALL if size == "small" else ([], ())
    chosen = NETWORKS[network] if size == "small" else []
    analysis = analyse(source, Overrides((*chosen, *settings), budgets), importer(SPECS))
    assert analysis.program is not None, analysis.diagnostics
    return analysis.program


def random_images(program: Program) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    count, shape = BATCHES * program.train.batch_size, program.graph.input.shape
    images = torch.randint(256, (count, *shape), generator=generator, dtype=torch.uint8)
    split = Split(images, torch.randint(10, (count,), generator=generator))
    half = torch.full((shape[0],), 0.5)
    return Dataset(split, split, tuple("abcdefghij"), half, half)


class Steps:
    """Steps of a search whose gates stay where they are."""

    def __init__(self, program: Program, machine: Machine, fixed: bool) -> None:
        self.machine, self.batch = machine, program.train.batch_size
        budgets = BudgetTable(program)
        self.policy = JointPolicy(program, budgets)
        if fixed:
            fix(self.policy.learner.gates, budgets)
        network = machine.place(lower_stochastic(program.graph, 0)).train()
        parts = (Phase("steps", 10**6), torch.Generator().manual_seed(0), self.policy)
        self.training = Training(program, machine.hold(random_images(program)), network, *parts, machine=machine)
        self.logits = self.policy.learner.gates.logits.clone()

    def run(self, count: int) -> None:
        """So many of them."""
        while count > 0:
            self.training.totals = Totals()
            for inputs, targets in islice(self.training._batches(), count):
                self.training._step(inputs, targets)
                self.policy.learner.gates.logits.copy_(self.logits)
                count -= 1

    def settle(self) -> None:
        """Wait until the device has done all that it was asked for."""
        if self.is_on_gpu:
            torch.cuda.synchronize(self.machine.device)

    @property
    def is_on_gpu(self) -> bool:
        return self.machine.device.type == "cuda"

    def seconds(self, count: int) -> float:
        """Of so many steps together."""
        self.settle()
        started = time.perf_counter()
        self.run(count)
        self.settle()
        return time.perf_counter() - started

    def multiply_adds(self, graph: Graph) -> float:
        """Of the live edges of an example, forward, on average."""
        cost = cost_of(CostKey(name="flops"), graph)
        samples = [self.policy.sample(self.batch, torch.Generator().manual_seed(i)) for i in range(8)]
        return float(torch.cat([cost(sample.live) for sample in samples]).mean())


def fix(gates: Gates, budgets: BudgetTable) -> None:
    """Freeze gates at the architecture that some random logits like best among those within the budgets."""
    start = gates.logits
    gates.logits = torch.randn(start.shape, generator=torch.Generator().manual_seed(0))
    live = choose_architecture(gates, budgets).live
    kept = torch.zeros(start.shape, dtype=torch.bool)
    for edge, switch in enumerate(gates.graph.edge_switches):
        if switch is not None:
            kept[switch] |= live[edge]
    gates.logits = torch.where(kept, 6.0, -6.0)
    gates.frozen[:] = True


def product_rate(device: torch.device, dtype: torch.dtype, size: int) -> float:
    """Multiply-adds a second of a product of two matrices `[size, size]`."""
    one, other = torch.rand(2, size, size, device=device).to(dtype).unbind()

    def seconds(count: int) -> float:
        wait_for(one @ other)
        started = time.perf_counter()
        for _ in range(count):
            last = one @ other
        wait_for(last)
        return time.perf_counter() - started

    seconds(3)
    return 10 * size**3 / seconds(10)


def wait_for(value: Tensor) -> None:
    if value.is_cuda:
        torch.cuda.synchronize(value.device)


@contextmanager
def places_that_wait(found: Counter[str], is_on_gpu: bool) -> Iterator[None]:
    """Meanwhile count the lines of Python that wait for the device, as far as torch knows them. On a CPU there are
    none."""
    if not is_on_gpu:
        yield
        return
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        torch.cuda.set_sync_debug_mode("default")
    waits = [warning for warning in caught if "synchronizing" in str(warning.message)]
    found.update(f"{'/'.join(Path(warning.filename).parts[-2:])}:{warning.lineno}" for warning in waits)


def profiled(steps: Steps, count: int, top: int) -> dict[str, Any]:
    """Of a step: the operators that take most time themselves, milliseconds in which the device computes, and calls
    that wait for it."""
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if steps.is_on_gpu else [])]
    with profile(activities=activities) as profiler:
        steps.run(count)
        steps.settle()
    rows = list(profiler.key_averages())
    own = "self_device_time_total" if steps.is_on_gpu else "self_cpu_time_total"
    operators = [row for row in rows if row.device_type == DeviceType.CPU]
    operators.sort(key=lambda row: -getattr(row, own))
    kernels = [row for row in rows if row.device_type == DeviceType.CUDA and not row.is_user_annotation]
    return {
        "operators": [operator(row, count) for row in operators[:top]],
        "busy_ms": sum(row.self_device_time_total for row in kernels) / count / 1e3,
        "calls": {row.key: row.count / count for row in operators if row.key in (*WAITS, *READS)},
    }


def operator(row: Any, count: int) -> dict[str, Any]:
    """An operator in one of so many steps."""
    return {
        "name": row.key,
        "calls": row.count / count,
        "cpu_ms": row.self_cpu_time_total / count / 1e3,
        "device_ms": row.self_device_time_total / count / 1e3,
    }


def measure(case: Case, program: Program, args: argparse.Namespace, rate: float) -> dict[str, Any]:
    hardware = Hardware(device=args.device, precision=case.precision, execution=case.execution)
    machine = open_machine(hardware)
    machine.launch()
    steps = Steps(program, machine, case.gates == "fixed")
    steps.run(args.warmup)
    seconds = steps.seconds(args.steps) / args.steps
    work = steps.multiply_adds(program.graph)
    places = Counter[str]()
    with places_that_wait(places, steps.is_on_gpu):
        steps.run(args.profiled)
    found = profiled(steps, args.profiled, args.top)
    images = steps.batch / seconds
    return {
        **vars(case),
        "step_ms": seconds * 1e3,
        "images_per_second": images,
        "multiply_adds": work,
        "share_of_rate": 3 * work * images / rate,
        "device_waits": 1 - found["busy_ms"] / (seconds * 1e3) if steps.is_on_gpu else None,
        "waits": {place: times / args.profiled for place, times in places.most_common()},
        **found,
    }


def line(case: Case, row: dict[str, Any]) -> str:
    idle = "" if row["device_waits"] is None else f"{row['device_waits']:.0%}"
    return (
        f"{case} {row['images_per_second']:9.0f} {row['step_ms']:9.1f} {row['multiply_adds'] / 1e6:8.2f} "
        f"{row['share_of_rate']:8.2%} {idle:>8} {sum(row['waits'].values()):7.1f}"
    )


def profile_table(row: dict[str, Any]) -> str:
    lines = [f"    {'a step':44} {'calls':>8} {'CPU ms':>9} {'device ms':>9}"]
    for found in row["operators"]:
        shown = f"{found['calls']:8.1f} {found['cpu_ms']:9.3f} {found['device_ms']:9.3f}"
        lines.append(f"    {found['name'][:44]:44} {shown}")
    lines += [f"    {name:44} {times:8.1f}" for name, times in {**row["calls"], **row["waits"]}.items()]
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--size", choices=("full", "small"), default="full")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--gates", nargs="+", default=["start", "fixed"], choices=["start", "fixed"])
    parser.add_argument("--executions", nargs="+", default=["scheduled", "rows", "dense"])
    parser.add_argument("--precisions", nargs="+", default=["32", "bf16-mixed"])
    parser.add_argument("--warmup", type=int, help="steps [default: 16, small: 1]")
    parser.add_argument("--steps", type=int, help="that are timed [default: 48, small: 3]")
    parser.add_argument("--profiled", type=int, help="steps [default: 8, small: 1]")
    parser.add_argument("--top", type=int, default=8, help="operators in the profile")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/throughput.json"))
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch finds no GPU")
    defaults = {"warmup": (16, 1), "steps": (48, 3), "profiled": (8, 1)}
    for name, (full, small) in defaults.items():
        if getattr(args, name) is None:
            setattr(args, name, small if args.size == "small" else full)
    return args


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    reuse_between_steps()
    device, side = torch.device(args.device), 8192 if args.device == "cuda" else 256
    rates = {str(dtype): product_rate(device, dtype, side) for dtype in (torch.bfloat16, torch.float32)}
    print(", ".join(f"{name} {2 * rate / 1e9:,.1f} GFLOP/s" for name, rate in rates.items()))
    print(f"{'':39} {'images/s':>9} {'ms a step':>9} {'M madds':>8} {'of rate':>8} {'idle':>8} {'waits':>7}")
    rows: list[dict[str, Any]] = []
    for network in args.networks:
        program = compile_recipe(network, args.size)
        for rest in product(args.gates, args.executions, args.precisions):
            case = Case(network, *rest)
            rows.append(measure(case, program, args, max(rates.values())))
            print(f"{line(case, rows[-1])}\n{profile_table(rows[-1])}", flush=True)
    card = torch.cuda.get_device_name() if args.device == "cuda" else "cpu"
    told = {"device": card, "torch": torch.__version__, "threads": args.threads, "multiply_adds_per_second": rates}
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({**told, "size": args.size, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
