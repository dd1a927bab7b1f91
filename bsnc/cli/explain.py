"""`bsnc explain`."""

from __future__ import annotations

import click

from bsnc.diagnostics import CODES, did_you_mean


@click.command("explain")
@click.argument("code")
def command(code: str) -> None:
    """Say what a diagnostic code means and what to do."""
    code = code.upper()
    if code not in CODES:
        suggestion = did_you_mean(code, CODES)
        raise click.BadParameter(f"no code {code}" + (f"; {suggestion}" if suggestion else ""), param_hint="CODE")
    entry = CODES[code]
    click.echo(f"{code}: {entry.title} ({entry.severity})\n")
    click.echo(click.wrap_text(entry.explanation, width=88))
