"""`bsnc new`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from bsnc.cli import options
from bsnc.diagnostics import did_you_mean
from bsnc.driver import DEFAULT_TEMPLATE, new_spec, template_summaries


@click.command("new")
@click.argument("name", required=False, type=options.PATH)
@click.option("--template", default=DEFAULT_TEMPLATE, show_default=True, help="What to begin with.")
@click.option("--list", "show_list", is_flag=True, help="List the templates, and write nothing.")
def command(name: Path | None, template: str, show_list: bool) -> None:
    """Write NAME.bsn, a spec to begin with, which trains as it stands. Overwrites nothing."""
    summaries = template_summaries()
    if show_list:
        width = max(map(len, summaries))
        click.echo("\n".join(f"{known:<{width}}  {summary}" for known, summary in summaries.items()))
        return
    if name is None or not name.name:
        raise click.UsageError("Missing argument 'NAME': the spec to write, NAME.bsn.")
    if template not in summaries:
        raise click.BadParameter(
            f"no template `{template}`; {did_you_mean(template, summaries)}", param_hint="--template"
        )
    path = new_spec(name, template)
    click.echo(f"wrote {path}; `bsnc train {shlex.quote(str(path))}` trains it")
