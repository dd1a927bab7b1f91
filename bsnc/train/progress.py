"""How a run tells the outside what it does: metrics to a file, progress to whoever watches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bsnc.diagnostics import Diagnostic
from bsnc.disk import append, write_atomically
from bsnc.ir import Graph
from bsnc.train.rows import Row, read_rows

Probabilities = Mapping[str, float | Mapping[str, float]]
"""Gate → probability of keeping its edges, or of each of its options."""


@dataclass(frozen=True)
class Stage:
    """A part of a run: so many steps, epochs where it `trains`; `work` is what one takes, to compare stages."""

    name: str
    steps: int
    work: float
    trains: bool = True


@dataclass(frozen=True)
class Plan:
    """What a run is going to do: the graph, the bound of each budget by its cost, in the cost's unit, and its stages in
    order."""

    graph: Graph
    bounds: Mapping[str, float]
    stages: tuple[Stage, ...]

    def epochs_before(self, stage: str) -> int:
        """Epochs of all stages before this one."""
        names = [each.name for each in self.stages]
        before = self.stages[: names.index(stage)] if stage in names else self.stages
        return sum(each.steps for each in before if each.trains)


class Progress(Protocol):
    """Watches a run; the command line shows a bar."""

    def wait(self, what: str) -> None:
        """Something begins of which nobody knows how long it takes. It is over when anything else is told."""
        ...

    def begin(self, plan: Plan) -> None:
        """The run begins, or goes on."""
        ...

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        """A phase of this many epochs begins, or goes on after so many."""
        ...

    def epoch(self, row: Row) -> None:
        """An epoch ended with these metrics."""
        ...

    def step(self, what: str, done: int, total: int) -> None:
        """So many steps of something else are done."""
        ...

    def gates(self, probabilities: Probabilities, epoch: int) -> None:
        """What gates learnt in this epoch of the phase; those of a staged search after the last one."""
        ...

    def warn(self, diagnostic: Diagnostic) -> None:
        """Something is suspect; the run goes on."""
        ...


class Silent:
    """Shows nothing."""

    def wait(self, what: str) -> None:
        pass

    def begin(self, plan: Plan) -> None:
        pass

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        pass

    def epoch(self, row: Row) -> None:
        pass

    def step(self, what: str, done: int, total: int) -> None:
        pass

    def gates(self, probabilities: Probabilities, epoch: int) -> None:
        pass

    def warn(self, diagnostic: Diagnostic) -> None:
        pass


class Relay:
    """Passes everything on to several."""

    def __init__(self, *watchers: Progress) -> None:
        self.watchers = watchers

    def wait(self, what: str) -> None:
        for watcher in self.watchers:
            watcher.wait(what)

    def begin(self, plan: Plan) -> None:
        for watcher in self.watchers:
            watcher.begin(plan)

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        for watcher in self.watchers:
            watcher.phase(name, epochs, done)

    def epoch(self, row: Row) -> None:
        for watcher in self.watchers:
            watcher.epoch(row)

    def step(self, what: str, done: int, total: int) -> None:
        for watcher in self.watchers:
            watcher.step(what, done, total)

    def gates(self, probabilities: Probabilities, epoch: int) -> None:
        for watcher in self.watchers:
            watcher.gates(probabilities, epoch)

    def warn(self, diagnostic: Diagnostic) -> None:
        for watcher in self.watchers:
            watcher.warn(diagnostic)


class WithGates(Relay):
    """Tells after each epoch what the gates have learnt."""

    def __init__(self, watcher: Progress, probabilities: Callable[[], Probabilities]) -> None:
        super().__init__(watcher)
        self._probabilities = probabilities

    def epoch(self, row: Row) -> None:
        super().epoch(row)
        self.gates(self._probabilities(), int(str(row["epoch"])))


class Suspicion(Protocol):
    """Looks for what is suspect in the rows of a run."""

    def __call__(self, rows: Sequence[Row]) -> Diagnostic | None:
        """Of all rows so far, one at least."""
        ...


class Journal(Relay):
    """Appends each epoch's metrics to metrics.jsonl and passes them on. Rows of epochs that will be run again go.

    What is suspect is told once a run: the row then has the code of the diagnostic as its `warning`.
    """

    def __init__(self, path: Path, watcher: Progress, suspicion: Suspicion | None = None) -> None:
        super().__init__(watcher)
        self.path, self._suspicion = path, suspicion
        self._rows: list[Row] = []

    def begin(self, plan: Plan) -> None:
        """Raises Diagnosed (BSN503) where rows of a run that goes on are damaged."""
        read_rows(self.path)
        super().begin(plan)

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        self._rows = [row for row in read_rows(self.path) if row["phase"] != name or int(str(row["epoch"])) < done]
        write_atomically(self.path, "".join(map(_line, self._rows)).encode())
        super().phase(name, epochs, done)

    def epoch(self, row: Row) -> None:
        self._rows.append(row)
        found = self._suspicion(self._rows) if self._suspicion and not self._has_warned else None
        if found is not None:
            row = self._rows[-1] = {**row, "warning": found.code}
        append(self.path, _line(row).encode())
        super().epoch(row)
        if found is not None:
            self.warn(found)

    @property
    def _has_warned(self) -> bool:
        return any("warning" in row for row in self._rows)


def _line(row: Row) -> str:
    return json.dumps(dict(row)) + "\n"
