"""Composes the layers into what the command line offers. Imports torch only when a command needs it, and not before a
spec has been found free of errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bsnc.diagnostics import Diagnostic
from bsnc.driver.check import check_spec, load_program
from bsnc.driver.files import importer, read_source
from bsnc.driver.format import Formatted, format_bytes, format_file, write_formatted
from bsnc.driver.interruption import Interrupted
from bsnc.driver.new import DEFAULT_TEMPLATE, new_spec, template_summaries
from bsnc.sema import Overrides

if TYPE_CHECKING:
    from bsnc.driver.breakdown import Breakdown
    from bsnc.driver.budgets import BudgetCheck, CostReport
    from bsnc.driver.compile import Compilation
    from bsnc.driver.cost import MaskCost
    from bsnc.driver.ranges import CostRange
    from bsnc.driver.trained import Trained
    from bsnc.export import Certificate, Plan, Profile, Step, Verification
    from bsnc.ir import CostKey, Hardware
    from bsnc.train import Progress

EMITS = ("ir", "json", "fx", "svg")


def compile_spec(path: Path, overrides: Overrides) -> Compilation:
    """See `bsnc.driver.compile.compile_spec`. Raises Diagnosed where the spec has errors."""
    spec = load_program(path, overrides)
    from bsnc.driver import compile

    return compile.compile_spec(spec, overrides)


def emit(compilation: Compilation, what: str) -> str:
    """See `bsnc.driver.compile.emit`."""
    from bsnc.driver import compile

    return compile.emit(compilation.program, what)


def write_build(compilation: Compilation, directory: Path) -> list[Path]:
    """See `bsnc.driver.compile.write_build`."""
    from bsnc.driver import compile

    return compile.write_build(compilation, directory)


def cost_masks(path: Path, masks: Path | None, overrides: Overrides) -> list[MaskCost]:
    """See `bsnc.driver.cost.cost_masks`."""
    spec = load_program(path, overrides)
    from bsnc.driver import cost

    return cost.cost_masks(path, spec, masks, overrides)


def break_down(path: Path, architecture: Path, overrides: Overrides, by: str | None = None) -> Breakdown:
    """See `bsnc.driver.breakdown.break_down`."""
    spec = load_program(path, overrides)
    from bsnc.driver import breakdown

    return breakdown.break_down(spec, architecture, overrides, by)


def train_spec(
    path: Path,
    directory: Path,
    overrides: Overrides,
    seed: int,
    progress: Progress,
    warn: Callable[[Sequence[Diagnostic]], None],
    step: Step,
    threads: int | None = None,
    hardware: Hardware | None = None,
    logs: Sequence[str] = (),
) -> Trained | None:
    """See `bsnc.driver.train.train_spec`."""
    spec = load_program(path, overrides)
    from bsnc.driver import train

    return train.train_spec(path, spec, directory, overrides, seed, progress, warn, step, threads, hardware, logs)


def resume_run(
    directory: Path,
    progress: Progress,
    warn: Callable[[Sequence[Diagnostic]], None],
    step: Step,
    allow_extern: bool = False,
    hardware: Hardware | None = None,
    logs: Sequence[str] = (),
) -> Trained | None:
    """See `bsnc.driver.train.resume_run`."""
    from bsnc.driver import train

    return train.resume_run(directory, progress, warn, step, allow_extern, hardware, logs)


def export_run(run: Path, model: Path, step: Step, allow_extern: bool = False) -> Certificate:
    """See `bsnc.driver.ship.export_run`."""
    from bsnc.driver import ship

    return ship.export_run(run, model, step, allow_extern)


def profile_spec(
    path: Path, overrides: Overrides, key: CostKey | None, plan: Plan | None, fresh: bool, step: Step
) -> tuple[Profile, ...]:
    """See `bsnc.driver.profile.profile_spec`."""
    spec = load_program(path, overrides)
    from bsnc.driver import profile

    return profile.profile_spec(spec, key, plan, fresh, step)


def verify_file(model: Path, spec: Path, overrides: Overrides) -> Verification:
    """See `bsnc.driver.verify.verify_file`."""
    from bsnc.driver import verify

    return verify.verify_file(model, spec, overrides)


__all__ = [
    "DEFAULT_TEMPLATE",
    "EMITS",
    "Breakdown",
    "BudgetCheck",
    "Compilation",
    "CostRange",
    "CostReport",
    "Formatted",
    "Interrupted",
    "MaskCost",
    "Overrides",
    "Trained",
    "break_down",
    "check_spec",
    "compile_spec",
    "cost_masks",
    "emit",
    "export_run",
    "format_bytes",
    "format_file",
    "importer",
    "new_spec",
    "profile_spec",
    "read_source",
    "resume_run",
    "template_summaries",
    "train_spec",
    "verify_file",
    "write_build",
    "write_formatted",
]
