"""`bsnc check`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bsnc import __version__
from bsnc.cli import options
from bsnc.cli.output import own_code_aside, print_json, show_diagnostics
from bsnc.cli.tables import graph_size
from bsnc.diagnostics import exit_status, render_sarif
from bsnc.driver import Overrides, check_spec


@click.command("check")
@click.argument("specs", nargs=-1, required=True, type=options.PATH, metavar="SPEC…")
@click.option(
    "--format",
    "style",
    type=click.Choice(["full", "concise", "json", "sarif"]),
    default="full",
    show_default=True,
    help="How to show diagnostics; json and sarif (2.1.0) go to stdout.",
)
@options.overrides
@options.as_json
def command(
    specs: tuple[Path, ...],
    style: str,
    overrides: Overrides,
    json_output: bool,
) -> None:
    """Check specs without compiling them: syntax, names, types, shapes. Never loads torch."""
    with own_code_aside():
        analyses = [(path, check_spec(path, overrides)) for path in specs]
    diagnostics = [d for _, analysis in analyses for d in analysis.diagnostics]
    if json_output or style == "json":
        print_json([d.as_json() for d in diagnostics])
    elif style == "sarif":
        click.echo(render_sarif(diagnostics, __version__))
    else:
        show_diagnostics(diagnostics, style)
        for path, analysis in analyses:
            if not analysis.networks and exit_status(analysis.diagnostics) == 0:
                click.echo(f"{path}: ok, no network")
            for name, program in analysis.programs.items():
                which = f" {name}" if len(analysis.programs) > 1 else ""
                click.echo(f"{path}:{which} ok, {graph_size(program.graph)}")
    sys.exit(exit_status(diagnostics))
