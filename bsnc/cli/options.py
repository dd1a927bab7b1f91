"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import click
from click.core import ParameterSource

from bsnc.driver import Overrides
from bsnc.ir import Execution, Hardware

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


def overrides(command: Command) -> Command:
    """What changes or completes a spec from outside; the command gets it as one argument, `overrides`."""

    @wraps(command)
    def wrapped(
        settings: tuple[str, ...],
        budgets: tuple[str, ...],
        network: str | None,
        allow_extern: bool,
        root: Path | None,
        **others: object,
    ) -> object:
        return command(overrides=Overrides(settings, budgets, network, allow_extern, root), **others)

    decorated = _ALLOW_EXTERN(wrapped)
    for option in reversed(_OVERRIDES):
        decorated = option(decorated)
    return cast(Command, decorated)


_ALLOW_EXTERN = click.option(
    "--allow-extern", is_flag=True, help="Run the Python code that the spec names. Only for specs that you trust."
)
_OVERRIDES = (
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="Set a parameter of the network (layers=4) or an entry of a section (train.epochs=5).",
    ),
    click.option(
        "--budget",
        "budgets",
        multiple=True,
        metavar="COST=BOUND",
        help='Replace or add a budget: flops=30M, "flops=20% of max".',
    ),
    click.option("--network", metavar="NAME", help="Which network, where the file has several."),
    click.option(
        "--root", type=PATH, metavar="DIR", help="Where imported files must lie. [default: the spec's directory]"
    ),
)


def allow_extern(command: Command) -> Command:
    """`--allow-extern`."""
    return _ALLOW_EXTERN(command)


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


def hardware(command: Command) -> Command:
    """`--device`, `--devices`, `--nodes`, `--precision`, `--execution`; the command gets them as one argument,
    `hardware`, which is None where none is given."""

    @wraps(command)
    def wrapped(**given: object) -> object:
        chosen = {name: value for name in Hardware.model_fields if (value := given.pop(name)) is not None}
        return command(hardware=Hardware.model_validate(chosen) if chosen else None, **given)

    decorated: Any = wrapped
    for option in reversed(_HARDWARE):
        decorated = option(decorated)
    return cast(Command, decorated)


_HARDWARE = (
    click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda"]),
        help="Where the weights learn. [default: auto, CUDA where torch finds it]",
    ),
    click.option(
        "--devices", type=click.IntRange(1), metavar="N", help="So many of them, a process each. [default: 1]"
    ),
    click.option("--nodes", type=click.IntRange(1), metavar="N", help="On so many machines. [default: 1]"),
    click.option(
        "--precision",
        type=click.Choice(["32", "bf16-mixed"]),
        help="In which the weights learn; gates and costs stay at float32. [default: 32]",
    ),
    click.option(
        "--execution",
        type=click.Choice(get_args(Execution)),
        help="Of an SS-network, always with the same result: each edge on its live rows, with a backward pass of "
        "bsnc's own (scheduled) or torch's (rows), or each edge on all rows (dense). [default: scheduled]",
    ),
)


def as_json(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "json_output", is_flag=True, help="Print the result as JSON.")(command)


def require_only(context: click.Context, option: str, *others: str) -> None:
    """Raises UsageError where beside an option anything was given but these others."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in (option, *others) and source is ParameterSource.COMMANDLINE:
            shown = next(p for p in context.command.params if p.name == name).get_error_hint(context)
            raise click.UsageError(f"--{option} takes all else from the run: leave out {shown}")
