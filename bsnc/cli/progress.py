"""A progress bar on stderr, on a terminal; otherwise a line per phase and every tenth epoch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self, cast

import click

from bsnc.ir import metrics_in_short

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from bsnc.train import Row


class StepBar:
    """Shows steps of known number, `bar.step("timing", done, total)`: a bar, or a line when another thing begins.

    A context manager.
    """

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._what = ""

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = _rich_bar()
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, what: str, done: int, total: int) -> None:
        if what != self._what:
            self._what = what
            if self._bar is None:
                click.echo(f"{what}: {total}", err=True)
            else:
                self._task = self._bar.add_task(what, total=total, metrics="")
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done)


class Bar(StepBar):
    """Implements `bsnc.train.Progress`, beside steps."""

    def __init__(self) -> None:
        super().__init__()
        self._epochs = 0

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        self._epochs = epochs
        if self._bar is not None:
            self._task = self._bar.add_task(name, total=epochs, completed=done, metrics="")
        else:
            after = f", {done} of them done" if done else ""
            click.echo(f"{name}: {epochs} epoch{'' if epochs == 1 else 's'}{after}", err=True)

    def epoch(self, row: Row) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=1, metrics=_metrics(row))
            return
        number = int(str(row["epoch"])) + 1
        if number % 10 == 0 or number == self._epochs:
            click.echo(f"  epoch {number}/{self._epochs}  {_metrics(row)}", err=True)


def _rich_bar() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description:>9}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[metrics]}"),
        console=Console(stderr=True),
    )


def _metrics(row: Row) -> str:
    parts = [f"loss {row['loss']:.3f}", *metrics_in_short(row)]
    costs = cast(dict[str, float | None], row.get("cost", {}))
    known = [(name, value) for name, value in costs.items() if value is not None]
    parts += [f"{name} {value:,.0f}" if value >= 10 else f"{name} {value:.3g}" for name, value in known]
    if "open_gates" in row:
        parts += [f"entropy {row['mean_entropy']:.2f}", f"open gates {row['open_gates']}"]
    return "  ".join(parts)
