"""`bsnc verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bsnc.cli import options
from bsnc.cli.output import own_code_aside, print_json, show_diagnostics
from bsnc.cli.tables import budget_table
from bsnc.diagnostics import counted, exit_status
from bsnc.driver import Overrides, verify_file


@click.command("verify")
@click.argument("model", type=options.PATH)
@click.argument("spec", type=options.PATH)
@options.overrides
@options.as_json
def command(model: Path, spec: Path, overrides: Overrides, json_output: bool) -> None:
    """Recount a model's costs from its file, compare it with the spec, exit 1 when a budget is exceeded."""
    with own_code_aside():
        result = verify_file(model, spec, overrides)
    show_diagnostics(result.diagnostics)
    if json_output:
        print_json(
            {
                "met": result.met,
                "budgets": [row.model_dump() for row in result.budgets],
                "parity": result.parity.max_abs_diff if result.parity else None,
                "parity_examples": result.parity.examples if result.parity else 0,
                "diagnostics": [d.as_json() for d in result.diagnostics],
            }
        )
    else:
        if result.budgets or result.met:
            click.echo(budget_table(result.budgets))
        if result.parity:
            examples = counted(result.parity.examples, "example")
            click.echo(f"parity: max abs diff {result.parity.max_abs_diff:.2g} over {examples}")
    sys.exit(exit_status(result.diagnostics))
