"""`bsnc cost`."""

from __future__ import annotations

from pathlib import Path

import click

from bsnc.cli import options
from bsnc.cli.output import own_code_aside, print_json
from bsnc.cli.tables import breakdown_table, mask_table
from bsnc.driver import Overrides, break_down, cost_masks


@click.command("cost")
@click.argument("spec", type=options.PATH)
@click.option(
    "--masks",
    type=options.PATH,
    metavar="FILE",
    help="JSON list of {edge name: 0|1}; unnamed edges are kept.",
)
@click.option(
    "--arch",
    type=options.PATH,
    metavar="FILE",
    help='One architecture, edge by edge: architecture.json of a run, {"live": [edge names]} or {edge name: 0|1}.',
)
@click.option(
    "--by", metavar="COST", help="With --arch: sort by this cost. [default: that of the first budget, or flops]"
)
@options.overrides
@options.as_json
def command(
    spec: Path,
    masks: Path | None,
    arch: Path | None,
    by: str | None,
    overrides: Overrides,
    json_output: bool,
) -> None:
    """Costs of the live subgraph of masks, or with every edge kept, where no options of a choice exclude each other.

    With --arch what each live edge and node of one architecture costs.
    """
    if arch is not None and masks is not None:
        raise click.UsageError("--arch and --masks exclude each other: a file of masks, or one architecture")
    if by is not None and arch is None:
        raise click.UsageError("--by sorts the edges of an architecture: give one with --arch")
    if arch is not None:
        with own_code_aside():
            breakdown = break_down(spec, arch, overrides, by)
        if json_output:
            print_json(breakdown.as_json())
        else:
            click.echo(breakdown_table(breakdown))
        return
    with own_code_aside():
        results = cost_masks(spec, masks, overrides)
    if json_output:
        print_json([result.as_json() for result in results])
        return
    click.echo(mask_table(results))
