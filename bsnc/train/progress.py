"""How a run tells the outside what it does: metrics to a file, progress to whoever watches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from bsnc.disk import write_atomically

Row = Mapping[str, object]


class Progress(Protocol):
    """Watches a run; the command line shows a bar."""

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        """A phase of this many epochs begins, or goes on after so many."""
        ...

    def epoch(self, row: Row) -> None:
        """An epoch ended with these metrics."""
        ...

    def step(self, what: str, done: int, total: int) -> None:
        """So many steps of something else are done."""
        ...


class Silent:
    """Shows nothing."""

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        pass

    def epoch(self, row: Row) -> None:
        pass

    def step(self, what: str, done: int, total: int) -> None:
        pass


class Journal:
    """Appends each epoch's metrics to metrics.jsonl and passes them on. Rows of epochs that will be run again go."""

    def __init__(self, path: Path, watcher: Progress) -> None:
        self.path, self.watcher = path, watcher

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        kept = [row for row in _rows(self.path) if row["phase"] != name or int(str(row["epoch"])) < done]
        write_atomically(self.path, "".join(map(_line, kept)).encode())
        self.watcher.phase(name, epochs, done)

    def epoch(self, row: Row) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(row))
        self.watcher.epoch(row)

    def step(self, what: str, done: int, total: int) -> None:
        self.watcher.step(what, done, total)


def _line(row: Row) -> str:
    return json.dumps(dict(row)) + "\n"


def _rows(path: Path) -> Iterator[Row]:
    """Those that were written whole."""
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        with suppress(ValueError):
            yield json.loads(line)
