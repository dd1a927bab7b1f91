"""A whole training run: search, choose, fine-tune, evaluate; everything written into one directory."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import fx

from bsnc import __version__
from bsnc.cost import Given
from bsnc.diagnostics import Source
from bsnc.ir import CostKey, Graph, Program, graph_hash
from bsnc.lower import copy_weights, lower_static, lower_stochastic
from bsnc.passes import ApplyArchitecture
from bsnc.search import Verdict, judge
from bsnc.train.checkpoint import (
    ArchitectureFile,
    hash_sources,
    save_run,
    save_sources,
    save_weights,
    write_json,
)
from bsnc.train.data import Dataset, check_batch, load_data
from bsnc.train.finish import (
    Chosen,
    Evaluation,
    Phase,
    choose_architecture,
    evaluate,
    reestimate_batch_norm,
    train_network,
)
from bsnc.train.progress import Journal, Progress
from bsnc.train.search_phase import SearchPhase

BINDS = 0.9


@dataclass(frozen=True)
class BudgetOutcome:
    """A budget, its bound and the cost of the final network, in the cost's unit, and its λ at the end of the search.

    It *binds* where the final network uses BINDS of it or more: with a higher bound another network might be better.
    """

    cost: CostKey
    bound: float
    value: float
    penalty: float

    @property
    def met(self) -> bool:
        return self.value <= self.bound

    @property
    def binds(self) -> bool:
        return self.value >= BINDS * self.bound


@dataclass(frozen=True)
class RunResult:
    """What a run found: the trained network of the final architecture, and how it does."""

    program: Program
    architecture: ArchitectureFile
    graph: Graph
    network: fx.GraphModule
    dataset: Dataset
    inherited: Evaluation
    test: Evaluation
    budgets: tuple[BudgetOutcome, ...]
    verdict: Verdict
    inconsistent: int
    seconds: float


def train_program(
    program: Program,
    sources: Sequence[Source],
    directory: Path,
    seed: int,
    progress: Progress,
    given: Given | None = None,
) -> RunResult:
    """Train a program into a directory (which exists); `sources` are the spec and the files that it imports,
    `given` what costs need to know beside the graph.

    One seed fixes the run on a CPU, bit for bit.

    Raises Diagnosed (BSN501 data, BSN502 divergence, BSN401 no architecture); OSError where it cannot write.
    """
    started = time.monotonic()
    dataset = load_data(program.data, program.graph)
    check_batch(dataset, program.train.batch_size)
    save_sources(directory, sources)
    write_json(directory / "config.json", _record(program, seed))
    journal = Journal(directory / "metrics.jsonl", progress)
    generator = torch.Generator().manual_seed(seed)

    network = lower_stochastic(program.graph, seed)
    search = SearchPhase(program, dataset, network, generator, given)
    search.run(journal)
    save_weights(directory / "search.safetensors", network, {"gates.logits": search.gates.logits})
    verdict = judge(search.gates)
    chosen = choose_architecture(search.gates, search.costs, search.bounds)

    graph, final = _inherit(program.graph, network, chosen, seed)
    reestimate_batch_norm(final, dataset)
    inherited = evaluate(final, dataset)
    if program.train.fine_tune:
        train_network(program, dataset, final, Phase("fine-tune", program.train.fine_tune), generator, journal)

    architecture = _architecture_file(program, sources, search, chosen)
    save_run(directory, program, final, architecture)
    return RunResult(
        program,
        architecture,
        graph,
        final,
        dataset,
        inherited,
        evaluate(final, dataset),
        _outcomes(program, search, chosen),
        verdict,
        search.inconsistent,
        time.monotonic() - started,
    )


def _inherit(whole: Graph, network: fx.GraphModule, chosen: Chosen, seed: int) -> tuple[Graph, fx.GraphModule]:
    """The graph of the final architecture and its network, with the weights that the search left."""
    graph = ApplyArchitecture(chosen.edge_names(whole)).run(whole).graph
    final = lower_static(graph, seed)
    copy_weights(network, whole, final, graph)
    return graph, final


def _architecture_file(
    program: Program, sources: Sequence[Source], search: SearchPhase, chosen: Chosen
) -> ArchitectureFile:
    return ArchitectureFile(
        network=program.graph.name,
        graph_hash=graph_hash(program.graph),
        spec_sha256=hash_sources(sources),
        live=tuple(chosen.edge_names(program.graph)),
        projected=chosen.projected,
        projection_gap=chosen.gap,
        probabilities=search.gates.by_name(),
    )


def _outcomes(program: Program, search: SearchPhase, chosen: Chosen) -> tuple[BudgetOutcome, ...]:
    values = search.cost_table(chosen.live[None])[0].tolist()
    outcomes = zip(program.budgets, search.bounds, values, search.penalty.lambdas.tolist(), strict=True)
    return tuple(BudgetOutcome(budget.cost, *outcome) for budget, *outcome in outcomes)


def _record(program: Program, seed: int) -> dict[str, object]:
    """What a reader needs to repeat the run."""
    packages = ("torch", "numpy", "scipy", "scikit-learn", "onnx", "onnxruntime")
    return {
        "bsnc": __version__,
        "seed": seed,
        "settings": program.settings,
        "search": program.search.model_dump(mode="json", by_alias=True),
        "train": program.train.model_dump(mode="json"),
        "data": program.data.model_dump(mode="json"),
        "budgets": [str(budget) for budget in program.budgets],
        "versions": {name: version(name) for name in packages},
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
    }
