"""`bsnc fmt`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bsnc.cli import options
from bsnc.cli.output import show_diagnostics
from bsnc.diagnostics import Diagnosed, Diagnostic, exit_status
from bsnc.driver import Formatted, format_bytes, format_file, write_formatted

_STDIN = Path("-")


@click.command("fmt")
@click.argument("specs", nargs=-1, required=True, type=options.PATH, metavar="SPEC…")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 if something would change.")
@click.option("--diff", "show_diff", is_flag=True, help="Change nothing; print what would change.")
def command(specs: tuple[Path, ...], only_check: bool, show_diff: bool) -> None:
    """Rewrite specs in canonical layout; `-` reads from stdin and writes to stdout.

    Comments stay, and what a spec says does not change. A spec with a syntax error is left alone.
    """
    if _STDIN in specs and len(specs) > 1:
        raise click.UsageError("`-` stands alone: it formats what stdin holds")
    results, diagnostics = _formatted(specs)
    show_diagnostics(diagnostics)
    status = exit_status(diagnostics)
    for formatted in results:
        if show_diff:
            click.echo(formatted.diff(), nl=False)
        if only_check and formatted.is_changed:
            status = max(status, 1)
            click.echo(f"would reformat {formatted.name}", err=True)
        if not only_check and not show_diff:
            _write(formatted, to_stdout=_STDIN in specs)
    sys.exit(status)


def _formatted(specs: Sequence[Path]) -> tuple[list[Formatted], list[Diagnostic]]:
    """What can be formatted, and what is wrong with the rest."""
    results: list[Formatted] = []
    diagnostics: list[Diagnostic] = []
    for path in specs:
        try:
            results.append(_read(path))
        except Diagnosed as mistake:
            diagnostics += mistake.diagnostics
    return results, diagnostics


def _read(path: Path) -> Formatted:
    if path == _STDIN:
        return format_bytes(sys.stdin.buffer.read(), "<stdin>")
    return format_file(path)


def _write(formatted: Formatted, to_stdout: bool) -> None:
    if to_stdout:
        click.echo(formatted.text, nl=False)
    elif formatted.is_changed:
        write_formatted(formatted)
        click.echo(f"reformatted {formatted.name}")
