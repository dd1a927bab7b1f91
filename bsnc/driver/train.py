"""`bsnc train`: a run from spec to certified model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch

from bsnc.cost import Given
from bsnc.data import Dataset, load_data
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.disk import write_atomically, write_json
from bsnc.driver.budgets import CostReport, report_costs, require_feasible
from bsnc.driver.check import Loaded, warnings_of, with_data_below
from bsnc.driver.files import permit_code
from bsnc.driver.given import everything_given, given_of
from bsnc.driver.machine import launched, machine_of
from bsnc.driver.run_directory import prepared, require_unfinished, resumed, stopping
from bsnc.driver.ship import ship
from bsnc.driver.teacher import TEACHER, kept_teacher, read_teacher
from bsnc.driver.trained import Trained
from bsnc.driver.watching import watched
from bsnc.export import Step
from bsnc.ir import Hardware, Program, metrics_text
from bsnc.report import draw_graph
from bsnc.sema import Analysis, Overrides
from bsnc.train import (
    SUMMARY,
    Machine,
    Progress,
    RunConfig,
    RunResult,
    Silent,
    forget_checkpoints,
    load_begun,
    require_permission,
    resume_program,
    train_program,
    versions,
)
from bsnc.watch import kept_logs, require_packages

READING = "reading data"
WORK_PER_THREAD = 1e9
Value = TypeVar("Value")
Warn = Callable[[Sequence[Diagnostic]], None]


def train_spec(
    path: Path,
    spec: Loaded,
    directory: Path,
    overrides: Overrides,
    seed: int,
    progress: Progress,
    warn: Warn,
    step: Step,
    threads: int | None = None,
    hardware: Hardware | None = None,
    logs: Sequence[str] = (),
) -> Trained | None:
    """Train a spec, which lies at `path`, into a new directory, export the network and certify it. Raises Diagnosed,
    Interrupted.

    `warn` gets all warnings before training begins; `step` follows the measuring of latencies, where budgets need it;
    `logs` are tools that the run is logged to, of `bsnc.watch.BACKENDS`. Where the hardware has several processes, only
    the first one writes and tells; the others return None.
    """
    require_packages(logs)
    program, analysis = spec
    program = with_data_below(program, path)
    machine = machine_of(hardware or Hardware(), program.train)
    if not machine.is_first:
        progress, warn = Silent(), _nobody
    feasible = _require_feasible(program, analysis, overrides.allow_extern, machine, progress, step)
    _require_weights(feasible.report, analysis)
    warn([*warnings_of(analysis), *feasible.report.diagnostics])
    threads = threads or max(1, suggested_threads(program, feasible.report) // machine.hardware.devices)
    teacher = read_teacher(program, path.parent, threads)
    with _of_the_first(machine, prepared(directory), None):
        dataset = feasible.dataset or _read(program, progress)
        warn(dataset.warnings)
        watching = _of_the_first(machine, watched(progress, directory, logs), progress)
        with stopping(directory) as interruption, watching as watch:
            if teacher is not None and teacher.content is not None and machine.is_first:
                write_atomically(directory / TEACHER, teacher.content)
            stop, ask = interruption.requested, teacher and teacher.ask
            with launched(machine, directory, threads):
                given = _given_to_all(feasible.given, machine)
                parts = (directory, seed, watch, given, dataset, stop, ask, machine)
                result = train_program(program, analysis.sources, *parts)
            return _finish(directory, result, given) if machine.is_first else None


def resume_run(
    directory: Path,
    progress: Progress,
    warn: Warn,
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
    if not machine.is_first:
        progress, warn = Silent(), _nobody
    require_permission(program, directory, allow_extern)
    if allow_extern:
        permit_code(directory)
    known = given_of(program, Analysis(), allow_extern)
    if machine.is_first and not _tells_all(known, program):
        known = everything_given(program, Analysis(), allow_extern, step)
    warn(_other_versions(directory, config))
    teacher = kept_teacher(program, directory, config.threads)
    alone = _of_the_first(machine, resumed(directory), None)
    watching = _of_the_first(machine, watched(progress, directory, logs), progress)
    with alone, stopping(directory) as interruption, watching as watch:
        progress.wait(READING)
        stop, ask = interruption.requested, teacher and teacher.ask
        with launched(machine, directory, config.threads):
            given = _given_to_all(known, machine)
            result = resume_program(directory, watch, given, stop=stop, teacher=ask, machine=machine)
        return _finish(directory, result, given) if machine.is_first else None


@dataclass(frozen=True)
class _Feasible:
    """What is known of a program that can be trained within its budgets; its data, if they were read for that."""

    given: Given
    report: CostReport
    dataset: Dataset | None = None


def _require_feasible(
    program: Program, analysis: Analysis, allow_extern: bool, machine: Machine, progress: Progress, step: Step
) -> _Feasible:
    """Raises Diagnosed (BSN401 and others). Latencies that are not known are measured by the first process."""
    given = given_of(program, analysis, allow_extern)
    report = report_costs(program, analysis, given)
    require_feasible(report)
    if not machine.is_first or _tells_all(given, program):
        return _Feasible(given, report)
    dataset = _read(program, progress)  # before measuring, which takes longer
    given = everything_given(program, analysis, allow_extern, step)
    report = report_costs(program, analysis, given)
    require_feasible(report)
    return _Feasible(given, report, dataset)


def _tells_all(given: Given, program: Program) -> bool:
    return all(given.tells(budget.cost) for budget in program.budgets)


def _given_to_all(given: Given, machine: Machine) -> Given:
    """With the latencies that the first process knows, in all of them."""
    return replace(given, latency=machine.broadcast(given.latency))


def _read(program: Program, progress: Progress) -> Dataset:
    progress.wait(READING)
    return load_data(program.data, program.graph)


def _of_the_first(
    machine: Machine, context: AbstractContextManager[Value], other: Value
) -> AbstractContextManager[Value]:
    """A context of the first process; in others there is only its value."""
    return context if machine.is_first else nullcontext(other)


def _nobody(_: Sequence[Diagnostic]) -> None:
    pass


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
    program, architecture, model = result.program, result.architecture, directory / "model.onnx"
    bounds = [(outcome.cost, outcome.bound) for outcome in result.budgets]
    parts = (program, result.graph, result.network, result.dataset, architecture.spec_sha256)
    try:
        certificate = ship(model, *parts, bounds, given)
    except Diagnosed as refused:
        raise Diagnosed(*(_not_lost(mistake, directory, result) for mistake in refused.diagnostics)) from None
    trained = Trained(directory, model, result, certificate)
    picture = draw_graph(program.graph, live=architecture.live, probabilities=architecture.probabilities)
    write_atomically(directory / "architecture.svg", picture.encode())
    write_json(directory / SUMMARY, trained.as_json())
    forget_checkpoints(directory)
    return trained


def _not_lost(mistake: Diagnostic, directory: Path, result: RunResult) -> Diagnostic:
    """Why a model is not shipped, and what became of the network."""
    note = f"the network is trained ({metrics_text(result.test.metrics)} of the test split) and kept"
    help_text = mistake.help or f"`bsnc train --resume {directory}` only exports and measures it again"
    return replace(mistake, notes=(*mistake.notes, note), help=help_text)


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
