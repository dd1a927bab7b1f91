"""`bsnc check`: the front end alone. Never loads torch."""

from __future__ import annotations

from pathlib import Path

from bsnc.diagnostics import Diagnosed, Diagnostic, Source
from bsnc.driver.files import read_source
from bsnc.ir import Program
from bsnc.sema import Analysis, Overrides, analyse


def check_spec(path: Path, overrides: Overrides | None = None) -> Analysis:
    """Read, parse and check a spec; unreadable files are diagnostics too."""
    try:
        return analyse(read_source(path), overrides)
    except Diagnosed as mistake:
        return Analysis(diagnostics=mistake.diagnostics)


def load_program(path: Path, overrides: Overrides) -> tuple[Source, Program, Analysis]:
    """A program that is free of errors. Raises Diagnosed with everything that was found otherwise."""
    source = read_source(path)
    analysis = analyse(source, overrides)
    if analysis.program is None:
        raise Diagnosed(*analysis.diagnostics)
    return source, analysis.program, analysis


def warnings_of(analysis: Analysis) -> list[Diagnostic]:
    return [d for d in analysis.diagnostics if d.severity == "warning"]
