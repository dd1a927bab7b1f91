"""How a run tells the outside what it does: metrics to a file, progress to whoever watches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

Row = Mapping[str, object]


class Progress(Protocol):
    """Watches a run; the command line shows a bar."""

    def phase(self, name: str, epochs: int) -> None:
        """A phase of this many epochs begins."""
        ...

    def epoch(self, row: Row) -> None:
        """An epoch ended with these metrics."""
        ...

    def step(self, what: str, done: int, total: int) -> None:
        """So many steps of something else are done."""
        ...


class Silent:
    """Shows nothing."""

    def phase(self, name: str, epochs: int) -> None:
        pass

    def epoch(self, row: Row) -> None:
        pass

    def step(self, what: str, done: int, total: int) -> None:
        pass


class Journal:
    """Appends each epoch's metrics to metrics.jsonl and passes them on."""

    def __init__(self, path: Path, watcher: Progress) -> None:
        self.path = path
        self.watcher = watcher
        path.write_text("", encoding="utf-8")

    def phase(self, name: str, epochs: int) -> None:
        self.watcher.phase(name, epochs)

    def epoch(self, row: Row) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(row)) + "\n")
        self.watcher.epoch(row)

    def step(self, what: str, done: int, total: int) -> None:
        self.watcher.step(what, done, total)
