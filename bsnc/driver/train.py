"""`bsnc train` and `bsnc export`: a run from spec to certified model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
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
from bsnc.driver.machine import launched, machine_of
from bsnc.driver.run_directory import SUMMARY, prepared, require_unfinished, resumed, stopping
from bsnc.driver.teacher import TEACHER, kept_teacher, read_teacher
from bsnc.driver.watching import watched
from bsnc.export import Certificate, Deployment, Step, export_model
from bsnc.ir import CostKey, Graph, Hardware, Program
from bsnc.report import draw_graph
from bsnc.sema import Analysis, Overrides
from bsnc.train import (
    Progress,
    RunConfig,
    RunResult,
    Silent,
    forget_checkpoints,
    load_begun,
    load_run,
    require_permission,
    resume_program,
    train_program,
    versions,
)
from bsnc.watch import kept_logs, require_packages

READING = "reading data"
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
            "test_mirrored": self.result.final.mirrored.as_json() if self.result.final.mirrored else None,
            "compared": {
                origin: {**found.as_json(), "exported": origin == self.result.program.train.final}
                for origin, found in self.result.final.compared.items()
            },
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
            "data": self.result.dataset.sizes,
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
    hardware: Hardware | None = None,
    logs: Sequence[str] = (),
) -> Trained | None:
    """Train a spec into a new directory, export the network and certify it. Raises Diagnosed, Interrupted.

    `warn` gets all warnings before training begins; `step` follows the measuring of latencies, where budgets need it;
    `logs` are tools that the run is logged to, of `bsnc.watch.BACKENDS`. Where the hardware has several processes, only
    the first one writes and tells; the others return None.
    """
    require_packages(logs)
    program, analysis = load_program(path, overrides)
    program = with_data_below(program, path)
    machine = machine_of(hardware or Hardware(), program.train)
    given = given_of(program, analysis, overrides.allow_extern)
    report = report_costs(program, analysis, given)
    require_feasible(report)
    dataset = None
    if machine.is_first and not all(given.tells(budget.cost) for budget in program.budgets):
        progress.wait(READING)
        dataset = load_data(program.data, program.graph)  # before measuring, which takes longer
        given = everything_given(program, analysis, overrides.allow_extern, step)
        report = report_costs(program, analysis, given)
        require_feasible(report)
    _require_weights(report, analysis)
    if machine.is_first:
        warn([*warnings_of(analysis), *report.diagnostics])
    threads = threads or max(1, suggested_threads(program, report) // machine.hardware.devices)
    teacher = read_teacher(program, path.parent, threads)
    with prepared(directory) if machine.is_first else nullcontext():
        if machine.is_first and dataset is None:
            progress.wait(READING)
        dataset = dataset or load_data(program.data, program.graph)
        if machine.is_first:
            warn(list(dataset.warnings))
        with stopping(directory) as interruption, watched(progress, directory, logs) as watcher:
            if teacher is not None and machine.is_first:
                write_atomically(directory / TEACHER, teacher.content)
            watch = watcher if machine.is_first else Silent()
            stop, ask = interruption.requested, teacher and teacher.ask
            with launched(machine, directory, threads):
                given = replace(given, latency=machine.broadcast(given.latency))
                parts = (directory, seed, watch, given, dataset, stop, ask, machine)
                result = train_program(program, analysis.sources, *parts)
            return _finish(directory, result, given) if machine.is_first else None


def resume_run(
    directory: Path,
    progress: Progress,
    warn: Callable[[list[Diagnostic]], None],
    step: Step,
    allow_extern: bool = False,
    hardware: Hardware | None = None,
    logs: Sequence[str] = (),
) -> Trained | None:
    """Go on with a run that was stopped or killed, with its own settings, and on hardware as it had where no other is
    given. Raises Diagnosed, Interrupted.

    `warn`, `step` and what it returns as of `train_spec`; `logs` beside those that the run has.
    """
    require_unfinished(directory)
    require_packages([*logs, *kept_logs(directory)])
    program, config = load_begun(directory)
    machine = machine_of(hardware or config.hardware, program.train)
    require_permission(program, directory, allow_extern)
    if allow_extern:
        permit_code(directory)
    analysis = Analysis()
    given = given_of(program, analysis, allow_extern)
    if machine.is_first:
        if not all(given.tells(budget.cost) for budget in program.budgets):
            given = everything_given(program, analysis, allow_extern, step)
        warn(_other_versions(directory, config))
    teacher = kept_teacher(program, directory, config.threads)
    alone = resumed(directory) if machine.is_first else nullcontext()
    with alone, stopping(directory) as interruption, watched(progress, directory, logs) as watcher:
        if machine.is_first:
            progress.wait(READING)
        watch = watcher if machine.is_first else Silent()
        stop, ask = interruption.requested, teacher and teacher.ask
        with launched(machine, directory, config.threads):
            given = replace(given, latency=machine.broadcast(given.latency))
            result = resume_program(directory, watch, given, stop=stop, teacher=ask, machine=machine)
        return _finish(directory, result, given) if machine.is_first else None


def _other_versions(directory: Path, config: RunConfig) -> list[Diagnostic]:
    """A warning (BSN506) where packages have changed since the run began."""
    now = versions()
    changed = [f"{name} {then}" for name, then in config.versions.items() if now.get(name) != then]
    if not changed:
        return []
    message = f"the run began with other versions, {', '.join(changed)}: numbers may differ a little"
    return [Diagnostic("BSN506", message, subject=str(directory))]


def _finish(directory: Path, result: RunResult, given: Given) -> Trained:
    """Ship what a run found; only then is the run over."""
    program, architecture = result.program, result.architecture
    bounds = [(outcome.cost, outcome.bound) for outcome in result.budgets]
    parts = (program, result.graph, result.network, result.dataset, architecture.spec_sha256)
    certificate = _ship(directory / "model.onnx", *parts, bounds, given)
    trained = Trained(directory, directory / "model.onnx", result, certificate)
    picture = draw_graph(program.graph, live=architecture.live, probabilities=architecture.probabilities)
    write_atomically(directory / "architecture.svg", picture.encode())
    write_json(directory / SUMMARY, trained.as_json())
    forget_checkpoints(directory)
    return trained


def with_data_below(program: Program, spec: Path) -> Program:
    """The program with the absolute path of its data, which a spec gives relative to its own directory: a run is
    exported again from wherever it lies."""
    return program.model_copy(update={"data": program.data.below(spec.parent)})


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
    return dataset.normalise(dataset.test[torch.arange(chosen) * count // chosen].inputs).numpy()
