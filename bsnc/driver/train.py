"""`bsnc train` and `bsnc export`: a run from spec to certified model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import fx

from bsnc.cost import Given
from bsnc.data import Dataset, Regression, load_data
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.disk import write_atomically, write_json
from bsnc.driver.budgets import CostReport, bounds_to_hold, report_costs, require_feasible
from bsnc.driver.check import load_program, warnings_of
from bsnc.driver.files import make_directory, permit_code, writing
from bsnc.driver.given import everything_given, given_of
from bsnc.export import Certificate, Deployment, Step, export_model
from bsnc.ir import CostKey, Graph, Program
from bsnc.report import draw_graph
from bsnc.sema import Analysis, Overrides
from bsnc.train import (
    Progress,
    RunResult,
    load_run,
    train_program,
)

SUMMARY = "summary.json"
WORK_PER_THREAD = 1e9
MOST_EXAMPLES = 1000
"""Test examples on which the model file is compared with the network."""


@dataclass(frozen=True)
class Trained:
    """A finished run and the model that it shipped."""

    directory: Path
    model: Path
    result: RunResult
    certificate: Certificate

    def as_json(self) -> dict[str, object]:
        """The shape of `train --json`."""
        verdict = self.result.verdict
        return {
            "run": str(self.directory),
            "model": str(self.model),
            "certificate": str(self.model.with_name("certificate.json")),
            "test": self.result.test.as_json(),
            "test_inherited": self.result.inherited.as_json(),
            "budgets": [
                row.model_dump() | outcome.as_json()
                for row, outcome in zip(self.certificate.budgets, self.result.budgets, strict=True)
            ],
            "verdict": asdict(verdict),
            "projected": self.result.architecture.projected,
            "projection_gap": self.result.architecture.projection_gap,
            "inconsistent_samples": self.result.inconsistent,
            "evaluations": self.result.evaluations,
            "parity": self.certificate.parity.max_abs_diff,
            "seconds": round(self.result.seconds, 2),
        }


def train_spec(
    path: Path,
    directory: Path,
    overrides: Overrides,
    seed: int,
    progress: Progress,
    warn: Callable[[list[Diagnostic]], None],
    step: Step,
    threads: int | None = None,
) -> Trained:
    """Train a spec into a new directory, export the network and certify it. Raises Diagnosed.

    `warn` gets all warnings before training begins; `step` follows the measuring of latencies, where budgets need it.
    """
    program, analysis = load_program(path, overrides)
    given = given_of(program, analysis, overrides.allow_extern)
    report = report_costs(program, analysis, given)
    require_feasible(report)
    if not all(given.tells(budget.cost) for budget in program.budgets):
        given = everything_given(program, analysis, overrides.allow_extern, step)
        report = report_costs(program, analysis, given)
        require_feasible(report)
    _require_weights(report, analysis)
    warn([*warnings_of(analysis), *report.diagnostics])
    prepare(directory)
    torch.set_num_threads(threads or suggested_threads(program, report))
    with writing(directory):
        result = train_program(program, analysis.sources, directory, seed, progress, given)
        bounds = [(outcome.cost, outcome.bound) for outcome in result.budgets]
        parts = (program, result.graph, result.network, result.dataset, result.architecture.spec_sha256)
        certificate = _ship(directory / "model.onnx", *parts, bounds, given)
        trained = Trained(directory, directory / "model.onnx", result, certificate)
        picture = draw_graph(
            program.graph, live=result.architecture.live, probabilities=result.architecture.probabilities
        )
        write_atomically(directory / "architecture.svg", picture.encode())
        write_json(directory / SUMMARY, trained.as_json())
    return trained


def _require_weights(report: CostReport, analysis: Analysis) -> None:
    """Raises Diagnosed (BSN504) where no architecture has anything to train."""
    if next(c.maximum for c in report.costs if str(c.key) == "params") > 0:
        return
    message = f"network `{analysis.chosen}` has no trainable weights: there is nothing to train"
    help_text = "add an edge with a module that learns, such as `conv` or `linear`"
    raise Diagnosed(Diagnostic("BSN504", message, analysis.network_span, help=help_text))


def suggested_threads(program: Program, report: CostReport) -> int:
    """Threads that a step can use: one for every WORK_PER_THREAD multiply-adds, at most torch's own choice.

    Small operators lose more by handing work to threads than they gain.
    """
    flops = next(c.maximum for c in report.costs if str(c.key) == "flops")
    return max(1, min(torch.get_num_threads(), round(flops * program.train.batch_size / WORK_PER_THREAD)))


def prepare(directory: Path) -> None:
    """A directory for a run: new, or empty. Raises Diagnosed (BSN003)."""
    make_directory(directory)
    with writing(directory):
        occupied = any(directory.iterdir())
    if occupied:
        message = "the directory for the run is not empty"
        raise Diagnosed(Diagnostic("BSN003", message, subject=str(directory), help="name a new one with `-o`"))


def export_run(run: Path, model: Path, step: Step, allow_extern: bool = False) -> Certificate:
    """Export a finished run again, to any file; certificate.json is written beside it. `step` follows the measuring of
    latencies that the bound of a budget is a share of: the file is measured by itself. Raises Diagnosed."""
    if not run.is_dir():
        raise Diagnosed(Diagnostic("BSN001", "there is no directory of a run here", subject=str(run)))
    if allow_extern:
        permit_code(run)
    program, architecture, graph, network = load_run(run, allow_extern)
    analysis = Analysis()
    given = given_of(program, analysis, allow_extern)
    if any(budget.of_max and not given.tells(budget.cost) for budget in program.budgets):
        given = everything_given(program, analysis, allow_extern, step)
    bounds = bounds_to_hold(program, analysis, given)
    dataset = load_data(program.data, program.graph)
    make_directory(model.parent)
    with writing(model):
        return _ship(model, program, graph, network, dataset, architecture.spec_sha256, bounds, given)


def _ship(
    path: Path,
    program: Program,
    graph: Graph,
    network: fx.GraphModule,
    dataset: Dataset,
    spec_sha256: str,
    bounds: list[tuple[CostKey, float]],
    given: Given,
) -> Certificate:
    """Export, certify, and only then write the model and its certificate."""
    deployment = deployment_of(dataset, spec_sha256)
    model, certificate = export_model(program, graph, network, deployment, bounds, examples_of(dataset), given)
    write_atomically(path, model.SerializeToString())
    write_json(path.with_name("certificate.json"), certificate.model_dump(mode="json"))
    return certificate


def deployment_of(dataset: Dataset, spec_sha256: str) -> Deployment:
    """What a model tells of the data that it was trained on."""
    task = dataset.task
    scale = (task.mean, task.std) if isinstance(task, Regression) else ()
    normalisation = (tuple(dataset.mean.tolist()), tuple(dataset.std.tolist()))
    return Deployment(spec_sha256, dataset.class_names, *normalisation, task.target, *scale)


def examples_of(dataset: Dataset) -> np.ndarray:
    """Normalised test inputs `[N, …]` as numpy: all, or MOST_EXAMPLES of them at even distances, so that the memory
    that it takes to compare networks does not grow with the data."""
    count = len(dataset.test)
    chosen = min(count, MOST_EXAMPLES)
    return dataset.normalise(dataset.test.inputs[torch.arange(chosen) * count // chosen]).numpy()
