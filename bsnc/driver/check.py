"""`bsnc check`: the front end alone. Never loads torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bsnc.diagnostics import Diagnosed, Diagnostic, has_errors
from bsnc.driver.files import importer, permit_code, read_source
from bsnc.ir import Program
from bsnc.ops import ExternFacts, Probe, Shape
from bsnc.sema import Analysis, Overrides, analyse, no_network

Loaded = tuple[Program, Analysis]
"""A network to compile, and what was found about its spec: no errors."""


def check_spec(path: Path, overrides: Overrides | None = None) -> Analysis:
    """Read, parse and check a spec with all its networks; unreadable files are diagnostics too."""
    try:
        given = overrides or Overrides()
        loader = importer(given.root or path.parent)
        return analyse(read_source(path), given, loader, _probe(path) if given.allow_extern else None)
    except Diagnosed as mistake:
        return Analysis(diagnostics=mistake.diagnostics)


def _probe(path: Path) -> Probe:
    """Runs classes of the user's own; torch is loaded when the first is met."""
    permit_code(path.parent)

    def probe(target: str, arguments: Mapping[str, object], shape: Shape) -> ExternFacts:
        from bsnc.lower import probe_extern

        return probe_extern(target, arguments, shape)

    return probe


def load_program(path: Path, overrides: Overrides) -> Loaded:
    """The one network to compile, free of errors. Raises Diagnosed with everything that was found otherwise."""
    analysis = check_spec(path, overrides)
    if has_errors(analysis.diagnostics):
        raise Diagnosed(*analysis.diagnostics)
    if analysis.program is not None:
        return analysis.program, analysis
    if not analysis.networks:
        raise Diagnosed(no_network(str(path)))
    names = ", ".join(f"`{name}`" for name in analysis.networks)
    help_text = f"choose one, for example `--network {next(iter(analysis.networks))}`"
    raise Diagnosed(Diagnostic("BSN004", f"the file declares networks {names}", subject=str(path), help=help_text))


def warnings_of(analysis: Analysis) -> list[Diagnostic]:
    return [d for d in analysis.diagnostics if d.severity == "warning"]


def with_data_below(program: Program, spec: Path) -> Program:
    """The program with the absolute path of its data, which a spec gives relative to its own directory: a run is
    exported again from wherever it lies."""
    return program.model_copy(update={"data": program.data.below(spec.parent)})
