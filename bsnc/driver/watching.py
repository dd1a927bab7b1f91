"""Who watches a run: whoever called, and the tools for logs that were named."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from bsnc.train import Progress, Relay
from bsnc.watch import Logs


@contextmanager
def watched(progress: Progress, directory: Path, logs: Iterable[str]) -> Generator[Progress, None, None]:
    """The progress of a run in a directory goes to these logs too, and to those that it has already.

    Raises Diagnosed (BSN541) once the run begins, where a tool refuses.
    """
    with Logs(logs, directory) as kept:
        yield Relay(progress, kept)
