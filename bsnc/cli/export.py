"""`bsnc export`."""

from __future__ import annotations

from pathlib import Path

import click

from bsnc.cli import options
from bsnc.cli.output import own_code_aside
from bsnc.cli.progress import StepBar
from bsnc.cli.tables import certificate_text
from bsnc.driver import export_run


@click.command("export")
@click.argument("run", type=options.PATH)
@click.option("-o", "--output", type=options.PATH, metavar="FILE", help="Model file. [default: RUN/model.onnx]")
@options.allow_extern
def command(run: Path, output: Path | None, allow_extern: bool) -> None:
    """Export a finished run to ONNX again, with its certificate."""
    path = output or run / "model.onnx"
    with StepBar() as bar, own_code_aside():
        certificate = export_run(run, path, bar.step, allow_extern)
    click.echo(certificate_text(certificate))
    click.echo(f"\nwrote {path} and certificate.json beside it")
