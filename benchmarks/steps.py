"""What a step of a joint search costs, against a network that computes every edge for every example.

python benchmarks/steps.py [--networks cnf_8_32] [--regimes 95% 50%] [--threads 1]
    [--executions dense rows scheduled] [--precisions 32 bf16-mixed] [--warm 40]

The baseline is in the way of the code of Veniat & Denoyer: channels first, each edge computed and multiplied
by its mask, the cost of each example by list scheduling on two cores, in Python. `bsnc` is the step of `bsnc train`:
samples, costs, the gates' learning and all checks included; a line for each execution and precision. `pruned` is the
network that is left in the end, written plainly. All take steps of 64 examples of 32×32, in turn; with one thread in
seconds of the processor, which other work disturbs least. The floor is the multiply-adds of the live edges, three times
for forward and backward, at the rate of a large matrix product.

Before that bsnc takes steps that are not measured: convolutions are compiled for each number of rows, which differs
from step to step where gates are open.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from plain import Plain, makespan
from torch import Tensor
from torch.nn import functional

from bsnc.cost import cost_of
from bsnc.data import Dataset, Split
from bsnc.diagnostics import Source
from bsnc.driver.reuse import reuse_between_steps
from bsnc.ir import CostKey, Execution, Graph, Hardware, Program
from bsnc.lower import lower_stochastic
from bsnc.passes import ApplyArchitecture
from bsnc.search import Gates, WideGates
from bsnc.sema import Overrides, analyse
from bsnc.train import BudgetTable, Phase, open_machine
from bsnc.train.joint import JointPolicy
from bsnc.train.training import Totals, Training

SPECS = Path(__file__).parents[1] / "specs"
NETWORKS = {
    "cnf_4_16": ("cnf.bsn", ["layers=4", "channels=16"]),
    "cnf_8_32": ("cnf.bsn", ["layers=8", "channels=32"]),
    "resnet_fabric": ("resnet_fabric.bsn", []),
}
REGIMES = ("100%", "95%", "50%", "mid-search", "converged")
PRECISIONS = ("32", "bf16-mixed")
WARM = {"50%": 40, "mid-search": 40}
"""Steps of warm-up where the numbers of rows vary much; elsewhere 5."""
SETTINGS = [
    "search.mode=joint",
    "train.batch_size=64",
    "train.optimizer=sgd(lr = 0.01, momentum = 0.9)",
    "data.augment=[]",
]
BATCH = 64
KEPT = 0.3
"""The share of the edges that are left in the end."""


@dataclass
class Setting:
    """A network, random data, and gates that are as a regime says and do not move; `kept` is what is left of the graph
    in the end."""

    program: Program
    dataset: Dataset
    policy: JointPolicy
    kept: Graph


def compile_spec(name: str) -> Program:
    file, settings = NETWORKS[name]
    source = Source(file, (SPECS / file).read_text(encoding="utf-8"))
    analysis = analyse(source, Overrides((*settings, *SETTINGS), ("steps(cores = 2)=50% of max",)))
    assert analysis.program is not None, analysis.diagnostics
    return analysis.program


def setting_of(program: Program, regime: str) -> Setting:
    graph, generator = program.graph, torch.Generator().manual_seed(0)
    images = torch.rand(BATCH, *graph.input.shape, generator=generator)
    split = Split(images, torch.randint(10, (BATCH,), generator=generator))
    half = torch.full((len(images[0]),), 0.5)
    dataset = Dataset(split, split, tuple("abcdefghij"), half, half)
    policy = JointPolicy(program, BudgetTable(program))
    switches, live = some_architecture(graph, generator)
    kept = ApplyArchitecture([edge.name for edge, on in zip(graph.edges, live, strict=True) if on]).run(graph).graph
    set_gates(policy.learner.gates, switches, regime)
    return Setting(program, dataset, policy, kept)


def some_architecture(graph: Graph, generator: torch.Generator) -> tuple[Tensor, list[bool]]:
    """Of many at random that which has about KEPT of the edges: its switches and live edges."""
    samples = [WideGates(graph, 0.95).sample(BATCH, generator) for _ in range(32)]
    live = torch.cat([sample.live for sample in samples])
    best = int((live.float().mean(1) - KEPT).abs().argmin())
    kept = torch.zeros(graph.switch_count, dtype=torch.bool)
    for edge, switch in zip(range(len(graph.edges)), graph.edge_switches, strict=True):
        if switch is not None:
            kept[switch] |= live[best, edge]
    return kept, live[best].tolist()


def set_gates(gates: Gates, kept: Tensor, regime: str) -> None:
    if regime == "converged":
        rate = torch.where(kept, 0.999, 0.001)
    elif regime == "mid-search":
        rate = torch.where(kept, 0.95, 0.5)
    else:
        rate = torch.full(kept.shape, min(0.999, float(regime.rstrip("%")) / 100))
    gates.logits = torch.logit(rate)
    gates.frozen[:] = regime in ("converged", "100%")


def ours(setting: Setting, hardware: Hardware) -> Callable[[], None]:
    network = lower_stochastic(setting.program.graph)
    training = Training(
        setting.program,
        setting.dataset,
        network,
        Phase("steps", 10**6),
        torch.Generator().manual_seed(0),
        setting.policy,
        machine=open_machine(hardware),
    )
    network.train()
    logits = setting.policy.learner.gates.logits.clone()

    def step() -> None:
        setting.policy.learner.gates.logits, training.totals = logits.clone(), Totals()
        for batch in training._batches():
            training._step(*batch)

    return step


def plain(setting: Setting, graph: Graph, masked: bool) -> Callable[[], None]:
    network = Plain(graph)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    (batch,) = setting.dataset.batches(setting.dataset.train)
    samples = [setting.policy.sample(BATCH, torch.Generator().manual_seed(i)).live for i in range(8)]
    count = 0

    def step() -> None:
        nonlocal count
        live = samples[count % len(samples)]
        count += 1
        optimiser.zero_grad()
        losses = functional.cross_entropy(network(batch[0], live.float() if masked else None), batch[1])
        losses.backward()
        optimiser.step()
        if masked:
            _ = [makespan(graph, row) for row in live.tolist()]

    return step


def floor(setting: Setting, rate: float) -> float:
    """Seconds for the multiply-adds of a step, at so many a second."""
    cost = cost_of(CostKey(name="flops"), setting.program.graph)
    samples = [setting.policy.sample(BATCH, torch.Generator().manual_seed(i)).live for i in range(8)]
    return 3 * float(torch.stack([cost(live).sum() for live in samples]).mean()) / rate


def product() -> Callable[[], None]:
    one, other = torch.rand(2, 1024, 1024).unbind()
    return lambda: (torch.mm(one, other), None)[1]


def timed(contenders: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """The median seconds of each, taken in turn."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, run in contenders.items():
            started = clock()
            run()
            if turn:
                taken[name].append(clock() - started)
    return {name: statistics.median(times) for name, times in taken.items()}


def measure(name: str, regime: str, args: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each execution and precision."""
    setting = setting_of(compile_spec(name), regime)
    own = {
        f"{execution} {precision}": ours(setting, Hardware(device="cpu", precision=precision, execution=execution))
        for execution in args.executions
        for precision in args.precisions
    }
    for step in own.values():
        for _ in range(WARM.get(regime, 5) if args.warm is None else args.warm):
            step()
    others = {"product": product(), "baseline": plain(setting, setting.program.graph, True)}
    if regime == "converged":
        others["pruned"] = plain(setting, setting.kept, False)
    seconds = timed(others | own, args.rounds)
    rate = 1024**3 / seconds["product"]
    shared = {other: seconds[other] for other in others}
    row = {"network": name, "regime": regime, "rate": rate, "floor": floor(setting, rate)}
    return [{**row, "how": how, "seconds": {**shared, "bsnc": seconds[how]}} for how in own]


def line(row: dict[str, Any]) -> str:
    seconds = row["seconds"]
    pruned = f"{seconds['bsnc'] / seconds['pruned']:9.2f}" if "pruned" in seconds else " " * 9
    return (
        f"{row['network']:14} {row['regime']:>10} {row['how']:20} {seconds['baseline'] * 1e3:11.1f} "
        f"{seconds['bsnc'] * 1e3:9.1f} {seconds['baseline'] / seconds['bsnc']:8.2f} "
        f"{seconds['bsnc'] / row['floor']:8.2f} {pruned}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--regimes", nargs="+", default=list(REGIMES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--executions", nargs="+", default=["scheduled"], choices=get_args(Execution))
    parser.add_argument("--precisions", nargs="+", default=["32"], choices=PRECISIONS)
    parser.add_argument("--warm", type=int, help="steps before the measured ones; by default as the regime needs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/steps.json"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    reuse_between_steps()
    print(f"{'':14} {'':>10} {'':20} {'baseline ms':>11} {'bsnc ms':>9} {'faster':>8} {'/ floor':>8} {'/ pruned':>9}")
    rows: list[dict[str, Any]] = []
    for name in args.networks:
        for regime in args.regimes:
            rows += (measured := measure(name, regime, args))
            print("\n".join(map(line, measured)), flush=True)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"threads": args.threads, "torch": torch.__version__, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
