"""A progress bar on stderr, on a terminal; otherwise a line per phase, every tenth epoch, and every minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Self, cast

import click

from bsnc.cli.output import show_diagnostics
from bsnc.diagnostics import counted
from bsnc.ir import metrics_in_short
from bsnc.watch import Eta

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from bsnc.diagnostics import Diagnostic
    from bsnc.train import Plan, Probabilities, Row

SILENCE = 60.0
"""Seconds after which a line is due where there is no terminal."""
LOADING = "loading torch"
"""What every command with a bar begins with."""
SOON = 10.0
"""Seconds: who waits no longer is told nothing of it."""


class StepBar:
    """Shows steps of known number, `bar.step("timing", done, total)`: a bar, or a line when another thing begins.

    A context manager.
    """

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._waiting: TaskID | None = None
        self._what = ""
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = _rich_bar()
            self._bar.start()
            self.wait(LOADING)
        return self

    def __exit__(self, *error: object) -> None:
        self._wait_no_longer()
        if self._bar is not None:
            self._bar.stop()

    def wait(self, what: str) -> None:
        """Something begins that takes a while."""
        self._wait_no_longer()
        if self._bar is None:
            self._line(what)
        else:
            self._waiting = self._bar.add_task(what, total=None, metrics="")
            self._bar.refresh()

    def step(self, what: str, done: int, total: int) -> None:
        self._wait_no_longer()
        if what != self._what:
            self._what = what
            if self._bar is None:
                self._line(f"{what}: {total}")
            else:
                self._task = self._bar.add_task(what, total=total, metrics="")
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done)

    def _wait_no_longer(self) -> None:
        if self._bar is not None and self._waiting is not None:
            self._bar.remove_task(self._waiting)
        self._waiting = None

    def _line(self, text: str) -> None:
        self._told_at = time.monotonic()
        click.echo(text, err=True)

    @property
    def _is_silent(self) -> bool:
        return time.monotonic() - self._told_at > SILENCE


class Bar(StepBar):
    """Implements `bsnc.train.Progress`, beside steps: a bar for each phase, one for the whole run."""

    def __init__(self) -> None:
        super().__init__()
        self._epochs = 0
        self._bounds: Mapping[str, float] = {}
        self._eta = Eta(())
        self._whole: TaskID | None = None

    def begin(self, plan: Plan) -> None:
        self._wait_no_longer()
        self._bounds, self._eta = plan.bounds, Eta(plan.stages)
        if self._bar is not None:
            self._whole = self._bar.add_task("run", total=1.0, metrics="", left=self._left)

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        self._wait_no_longer()
        self._epochs = epochs
        self._eta.reached(name, done)
        if self._bar is not None:
            self._task = self._bar.add_task(name, total=epochs, completed=done, metrics="")
            self._show_whole()
        else:
            after = f", {done} of them done" if done else ""
            self._line(f"{name}: {counted(epochs, 'epoch')}{after}")

    def epoch(self, row: Row) -> None:
        number = int(str(row["epoch"])) + 1
        self._eta.reached(str(row["phase"]), number)
        texts = metrics_text(row, self._bounds)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=1, metrics="  ".join(texts))
            self._show_whole()
        elif number % 10 == 0 or number == self._epochs or self._is_silent:
            self._line("  ".join([f"  epoch {number}/{self._epochs}", *texts, *self._left_in_words()]))

    def step(self, what: str, done: int, total: int) -> None:
        super().step(what, done, total)
        self._eta.reached(what, done)
        if self._bar is not None:
            self._show_whole()
        elif self._is_silent:
            self._line("  ".join([f"  {done}/{total}", *self._left_in_words()]))

    def gates(self, probabilities: Probabilities, epoch: int) -> None:
        """They are shown by numbers of the epoch's row."""

    def warn(self, diagnostic: Diagnostic) -> None:
        show_diagnostics([diagnostic])

    def _left(self) -> str:
        """How long the run still takes, where that is known and worth a word."""
        left = self._eta.left
        return "" if left is None or left < SOON else time_text(left)

    def _left_in_words(self) -> list[str]:
        left = self._left()
        return [f"{left} left in all"] if left else []

    def _show_whole(self) -> None:
        if self._bar is not None and self._whole is not None:
            self._bar.update(self._whole, completed=self._eta.share)


def _rich_bar() -> RichProgress:
    """Where the terminal is narrow, metrics are cut off and nothing else."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining
    from rich.table import Column
    from rich.text import Text

    class Count(ProgressColumn):
        """`3/40`; of the whole run a share, of what has no known length nothing."""

        def render(self, task: Task) -> Text:
            if task.total is None:
                return Text()
            return Text(f"{task.percentage:.0f}%") if "left" in task.fields else MofNCompleteColumn().render(task)

    class Left(Remaining):
        """Of the whole run by the plan, as it is when it is drawn."""

        def render(self, task: Task) -> Text:
            tell = cast(Callable[[], str] | None, task.fields.get("left"))
            return super().render(task) if tell is None else Text(tell())

    class Metrics(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(str(task.fields["metrics"]), no_wrap=True, overflow="ellipsis")

    whole = (Column(no_wrap=True) for _ in range(3))
    return Progress(
        TextColumn("{task.description:>9}"),
        BarColumn(bar_width=20, table_column=next(whole)),
        Count(next(whole)),
        Left(table_column=next(whole)),
        Metrics(),
        console=Console(stderr=True),
    )


def metrics_text(row: Row, bounds: Mapping[str, float]) -> list[str]:
    """Loss, metrics, what samples of gates cost on average, the gates' entropy, each as `name value`."""
    parts = [f"loss {row['loss']:.3f}", *metrics_in_short(row)]
    if isinstance(held := row.get("validation"), dict):
        parts += [f"validation {text}" for text in metrics_in_short(cast(dict[str, float], held))]
    costs = cast(dict[str, float | None], row.get("cost", {}))
    parts += [_cost_text(name, value, bounds.get(name)) for name, value in costs.items() if value is not None]
    if "open_gates" in row:
        parts += [f"entropy {row['mean_entropy']:.2f}", f"open gates {row['open_gates']}"]
    if row.get("frozen_gates"):
        parts.append(f"frozen {row['frozen_gates']}")
    return parts


def _cost_text(name: str, value: float, bound: float | None) -> str:
    """`flops 118% of bound`: an expected cost beside its budget."""
    if bound:
        return f"{name} {value / bound:.0%} of bound"
    return f"{name} {value:,.0f}" if value >= 10 else f"{name} {value:.3g}"


def time_text(seconds: float) -> str:
    """A time for people who wait: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds / 10)) * 10} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
