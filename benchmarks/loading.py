"""What share of a training step is spent waiting for its batch: looking rows up, augmentation, normalisation?

One epoch of the shared weights, as `bsnc train` runs it, for each way in which examples can lie: in memory, and as if
they were too large for it, read ahead by other threads. Prints a table and writes JSON.

    python benchmarks/loading.py specs/digits.bsn --set train.batch_size=64
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from bsnc.data import Dataset, ahead, load_data
from bsnc.diagnostics import Source
from bsnc.ir import Program
from bsnc.lower import lower_stochastic
from bsnc.sema import Overrides, analyse
from bsnc.train import Phase, Silent
from bsnc.train.staged import WidePolicy
from bsnc.train.training import Training

WAYS = {"in memory": ahead.IN_HAND, "read ahead": 0}
"""Bytes above which a split is read ahead."""


class Timed(Training):
    """Notes the seconds in which a step waits for its batch."""

    waited = 0.0

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        batches = super()._batches()
        while True:
            started = time.perf_counter()
            batch = next(batches, None)
            self.waited += time.perf_counter() - started
            if batch is None:
                return
            yield batch


def measure(program: Program, dataset: Dataset) -> dict[str, float]:
    """Milliseconds of a step, and the share of it that is waiting."""
    network, generator = lower_stochastic(program.graph), torch.Generator().manual_seed(0)
    policy = WidePolicy(program.graph, program.search.init)
    training = Timed(program, dataset, network, Phase("search", 1), generator, policy)
    started = time.perf_counter()
    training.run(Silent())
    seconds = time.perf_counter() - started
    return {"steps": training.steps, "ms": 1000 * seconds / training.steps, "share": training.waited / seconds}


def compile_program(path: Path, settings: Sequence[str]) -> Program:
    source = Source(str(path), path.read_text(encoding="utf-8"))
    analysis = analyse(source, Overrides(tuple(settings)))
    assert analysis.program is not None, analysis.diagnostics
    return analysis.program.model_copy(update={"data": analysis.program.data.below(path.parent)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", type=Path)
    parser.add_argument("--set", action="append", default=[], help="as `bsnc train --set`")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/loading.json"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    program = compile_program(args.spec, args.set)
    started = time.perf_counter()
    dataset = load_data(program.data, program.graph)
    print(f"{dataset.sizes}, read in {time.perf_counter() - started:.1f} s")
    rows: list[dict[str, object]] = []
    for way, limit in WAYS.items():
        ahead.IN_HAND = limit
        found = measure(program, dataset)
        rows.append({"way": way, **found})
        print(f"{way:10}  {found['steps']:.0f} steps of {found['ms']:.1f} ms, {found['share']:.2%} of it waiting")
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"spec": str(args.spec), "set": args.set, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
