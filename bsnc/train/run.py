"""A whole training run: search, choose, fine-tune, evaluate; everything written into one directory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import fx

from bsnc.cost import Given
from bsnc.data import Dataset, check_augmentation, check_batch, check_fit, digest_of, load_data
from bsnc.diagnostics import Diagnosed, Diagnostic, Source
from bsnc.disk import sweep
from bsnc.ir import CostKey, Graph, Program, graph_hash
from bsnc.search import Verdict
from bsnc.train.best import check_keep
from bsnc.train.bounds import BudgetTable
from bsnc.train.chance import chance_of
from bsnc.train.checkpoint import Checkpoints
from bsnc.train.distill import Teacher
from bsnc.train.finals import Final, Finals
from bsnc.train.finish import Evaluation
from bsnc.train.joint import means
from bsnc.train.machine import Machine
from bsnc.train.memory import memory_told
from bsnc.train.plan import plan_of
from bsnc.train.progress import Journal, Progress, Silent
from bsnc.train.run_files import ArchitectureFile, RunConfig, begin_run, config_of, load_begun, save_run, save_weights
from bsnc.train.search import Chosen, Search, Searched

CHECKPOINTS = "checkpoints"
BINDS = 0.9
MANY = 4096
"""Samples of the final gates that tell what they would cost."""


@dataclass(frozen=True)
class BudgetOutcome:
    """A budget, its bound and the cost of the final network, in the cost's unit.

    It *binds* where the final network uses BINDS of it or more: with a higher bound another network might be better.
    Of gates that learnt, also λ at the end; the mean cost of their samples (`expected`), of the samples of the last
    epoch where they learnt beside the weights (`sampled`), the cost of the hardened gates, and the share of samples
    over this budget. None where the search has no such gates, and for what connects nothing.
    """

    cost: CostKey
    bound: float
    value: float
    penalty: float | None = None
    expected: float | None = None
    sampled: float | None = None
    hardened: float | None = None
    over_budget: float | None = None

    @property
    def met(self) -> bool:
        return self.value <= self.bound

    @property
    def binds(self) -> bool:
        return self.value >= BINDS * self.bound

    def as_json(self) -> dict[str, object]:
        """What the search says of it."""
        return {
            "binds": self.binds,
            "lambda": self.penalty,
            "expected": self.expected,
            "sampled": self.sampled,
            "hardened": self.hardened,
            "over_budget": self.over_budget,
        }


@dataclass(frozen=True)
class RunResult:
    """What a run found: the trained network of the final architecture, and how it does."""

    program: Program
    architecture: ArchitectureFile
    final: Final
    dataset: Dataset
    budgets: tuple[BudgetOutcome, ...]
    verdict: Verdict
    inconsistent: int
    evaluations: int
    seconds: float

    @property
    def graph(self) -> Graph:
        return self.final.graph

    @property
    def network(self) -> fx.GraphModule:
        return self.final.network

    @property
    def test(self) -> Evaluation:
        return self.final.test

    @property
    def inherited(self) -> Evaluation:
        """With the weights that the search left."""
        return self.final.inherited


def train_program(
    program: Program,
    sources: Sequence[Source],
    directory: Path,
    seed: int,
    progress: Progress,
    given: Given | None = None,
    dataset: Dataset | None = None,
    stop: Callable[[], bool] | None = None,
    teacher: Teacher | None = None,
    machine: Machine | None = None,
) -> RunResult:
    """Train a program into a directory (which exists); `sources` are the spec and the files that it imports,
    `given` what costs need to know beside the graph, `dataset` what to train on instead of what the spec says,
    `teacher` the one of `train.distill` where it is a file, `machine` where it computes: by default on the CPU.

    One seed fixes the run on a CPU, bit for bit; with several processes, which the machine has launched, up to rounding
    and dropout. States are kept below `directory`, after every epoch and where `stop` says so.

    Raises Diagnosed (BSN501 data, BSN502 divergence, BSN401 no architecture); Stopped; OSError where it cannot write.
    """
    dataset = dataset or load_data(program.data, program.graph)
    _require_fit(dataset, program)
    machine = machine or Machine()
    config = config_of(program, sources, seed, dataset, machine.hardware)
    if machine.is_first:
        begin_run(directory, program, sources, config)
    return _Run(program, config, directory, dataset, given, progress, stop, teacher, machine).run()


def resume_program(
    directory: Path,
    progress: Progress,
    given: Given | None = None,
    dataset: Dataset | None = None,
    stop: Callable[[], bool] | None = None,
    teacher: Teacher | None = None,
    machine: Machine | None = None,
) -> RunResult:
    """Go on with a run that was stopped or killed. On a CPU it ends as if it had never been, bit for bit.

    Raises Diagnosed (BSN503 no run, or a file of it is damaged), and what `train_program` raises.
    """
    program, config = load_begun(directory)
    dataset = dataset or load_data(program.data, program.graph)
    _require_same(dataset, config, directory)
    _require_fit(dataset, program)
    machine = machine or Machine()
    for place in (directory, directory / CHECKPOINTS) if machine.is_first else ():
        sweep(place)
    return _Run(program, config, directory, dataset, given, progress, stop, teacher, machine).run()


def _require_fit(dataset: Dataset, program: Program) -> None:
    """Raises Diagnosed (BSN501) where data do not suit the network, or not how it is to be trained."""
    check_fit(dataset, program.graph)
    check_augmentation(dataset, program.data.augment)
    check_batch(dataset, program.train.batch_size)
    check_keep(program.train.keep, dataset)


def _require_same(dataset: Dataset, config: RunConfig, directory: Path) -> None:
    """Raises Diagnosed (BSN501) where the data are not those that the run began with."""
    if dataset.sizes != config.examples:
        what = "splits have other numbers of examples"
    elif config.data_sha256 not in (None, digest_of(dataset)):
        what = "examples are others, or in another order"
    else:
        return
    message = f"the data have changed since the run began: their {what}"
    help_text = "bring back the data that it began with, or train anew, into another directory"
    raise Diagnosed(Diagnostic("BSN501", message, subject=str(directory), help=help_text))


@dataclass(frozen=True)
class _Run:
    """A run that has begun, new or gone on with: the phases that have kept a state take it up."""

    program: Program
    config: RunConfig
    directory: Path
    dataset: Dataset
    given: Given | None
    progress: Progress
    stop: Callable[[], bool] | None
    teacher: Teacher | None
    machine: Machine

    def run(self) -> RunResult:
        with torch.random.fork_rng(devices=[]), memory_told("the run, outside of the steps of training"):
            torch.manual_seed(self.config.seed)
            return self._run()

    def _run(self) -> RunResult:
        started, program, dataset = time.monotonic(), self.program, self.machine.hold(self.dataset)
        generator = torch.Generator().manual_seed(self.config.seed)
        budgets = BudgetTable(program, self.given)
        watch = (self._journal, self._checkpoints)
        self._journal.begin(plan_of(program, dataset, budgets))
        searched = Search(program, dataset, budgets, generator, *watch, self.machine).run(self.config.seed)
        if self.machine.is_first:
            save_weights(self.directory / "search.safetensors", searched.network, searched.tensors)

        live = live_names(program.graph, searched.chosen)
        parts = (program, dataset, searched.network, live, self.config.seed, *watch, self.teacher)
        final = Finals(*parts, self.machine).run(generator)
        final.network.cpu()

        architecture = _architecture_file(program, self.config.spec_sha256, searched)
        if self.machine.is_first:
            save_run(self.directory, final.network, architecture)
        return RunResult(
            program,
            architecture,
            final,
            self.dataset,
            _outcomes(program, budgets, searched),
            searched.verdict,
            searched.inconsistent,
            searched.evaluations,
            time.monotonic() - started,
        )

    @cached_property
    def _journal(self) -> Progress:
        if not self.machine.is_first:
            return Silent()
        return Journal(self.directory / "metrics.jsonl", self.progress, chance_of(self.program, self.dataset))

    @cached_property
    def _checkpoints(self) -> Checkpoints:
        owner = f"{graph_hash(self.program.graph)} {self.config.spec_sha256} {self.config.seed}"
        directory = self.directory / CHECKPOINTS if self.machine.is_first else None
        checkpoints = Checkpoints(directory, owner, spread=self.machine.broadcast)
        return replace(checkpoints, stop=self.stop) if self.stop else checkpoints


def forget_checkpoints(directory: Path) -> None:
    """Of a run that is over."""
    Checkpoints(directory / CHECKPOINTS).forget()


def live_names(graph: Graph, chosen: Chosen) -> list[str]:
    return [edge.name for edge, live in zip(graph.edges, chosen.live.tolist(), strict=True) if live]


def _architecture_file(program: Program, spec_sha256: str, searched: Searched) -> ArchitectureFile:
    return ArchitectureFile(
        network=program.graph.name,
        graph_hash=graph_hash(program.graph),
        spec_sha256=spec_sha256,
        live=tuple(live_names(program.graph, searched.chosen)),
        projected=searched.chosen.projected,
        projection_gap=searched.chosen.gap,
        probabilities=searched.learner.gates.by_name() if searched.learner else {},
    )


def _outcomes(program: Program, budgets: BudgetTable, searched: Searched) -> tuple[BudgetOutcome, ...]:
    values = budgets.costs(searched.chosen.live[None])[0].tolist()
    pairs = zip(program.budgets, budgets.bounds, values, strict=True)
    outcomes = [BudgetOutcome(budget.cost, bound, value) for budget, bound, value in pairs]
    if searched.learner is None:
        return tuple(outcomes)
    gates, lambdas = searched.learner.gates, searched.learner.penalty.lambdas.tolist()
    costs = budgets.costs(gates.sample(MANY, torch.Generator().manual_seed(0)).live)
    likeliest = gates.live(gates.most_probable[None])
    hardened = means(budgets.costs(likeliest[likeliest.any(1)]))
    sampled = [None] * len(outcomes) if searched.sampled is None else means(searched.sampled)
    return tuple(
        replace(
            outcome,
            penalty=lambdas[k],
            expected=float(costs[:, k].mean()),
            sampled=sampled[k],
            hardened=hardened[k],
            over_budget=float((costs[:, k] > outcome.bound).double().mean()),
        )
        for k, outcome in enumerate(outcomes)
    )
