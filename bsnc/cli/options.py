"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bsnc.driver import Overrides

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


def overrides(command: Command) -> Command:
    """`--set`, `--budget` and `--network`."""
    sets = click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="Set a parameter of the network (layers=4) or an entry of a section (train.epochs=5).",
    )
    budgets = click.option(
        "--budget",
        "budgets",
        multiple=True,
        metavar="COST=BOUND",
        help='Replace or add a budget: flops=30M, "flops=20% of max".',
    )
    network = click.option("--network", metavar="NAME", help="Which network, where the file has several.")
    return sets(budgets(network(command)))


def seed(command: Command) -> Command:
    """`--seed`."""
    option = click.option(
        "--seed",
        type=click.IntRange(0, 2**31 - 1),
        default=0,
        show_default=True,
        help="Fixes every random choice of the run.",
    )
    return option(command)


def threads(command: Command) -> Command:
    """`--threads`."""
    option = click.option(
        "--threads",
        type=click.IntRange(1, 1024),
        help="Threads of torch. [default: by the size of a step, at most the machine's cores]",
    )
    return option(command)


def as_json(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "json_output", is_flag=True, help="Print the result as JSON.")(command)


def given(settings: tuple[str, ...], budgets: tuple[str, ...], network: str | None) -> Overrides:
    return Overrides(settings, budgets, network)
