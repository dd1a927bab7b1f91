"""`bsnc compile`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bsnc.cli import options
from bsnc.cli.output import own_code_aside, print_json, show_diagnostics
from bsnc.cli.tables import cost_table, graph_size
from bsnc.driver import EMITS, Overrides, compile_spec, emit, write_build


@click.command("compile")
@click.argument("spec", type=options.PATH)
@click.option("-o", "--output", type=options.PATH, metavar="DIR", help="Build directory. [default: build/<spec>]")
@click.option("--emit", "what", type=click.Choice(EMITS), help="Print this instead, and write nothing.")
@options.overrides
@options.as_json
def command(
    spec: Path,
    output: Path | None,
    what: str | None,
    overrides: Overrides,
    json_output: bool,
) -> None:
    """Compile a spec: prove that its budgets can be met; write ir.json, fx.py, graph.svg and costs.json."""
    with own_code_aside():
        compilation = compile_spec(spec, overrides)
    show_diagnostics(compilation.diagnostics)
    if what is not None:
        with own_code_aside():
            text = emit(compilation, what)
        click.echo(text, nl=False)
        sys.exit(compilation.exit_status)
    if json_output:
        print_json(compilation.as_json())
    else:
        graph = compilation.program.graph
        click.echo(f"{graph.name}: {graph_size(graph)}\n")
        click.echo(cost_table(compilation.report))
    with own_code_aside():
        written = write_build(compilation, output or _default_build(spec, overrides))
    if not json_output:
        click.echo(f"\nwrote {', '.join(str(path) for path in written)}")
    sys.exit(compilation.exit_status)


def _default_build(spec: Path, overrides: Overrides) -> Path:
    return Path("build") / (f"{spec.stem}-{overrides.network}" if overrides.network else spec.stem)
