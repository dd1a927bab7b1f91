"""Results to stdout; diagnostics, progress and what the user's own code prints to stderr."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

import click

from bsnc.diagnostics import Diagnostic, render_concise, render_full


def wants_colour(stream: TextIO) -> bool:
    """Colours on a terminal only, and never against NO_COLOR."""
    return stream.isatty() and "NO_COLOR" not in os.environ


def show_diagnostics(diagnostics: Sequence[Diagnostic], style: str = "full") -> None:
    """Diagnostics to stderr, and how many there were where there are several."""
    colour = wants_colour(sys.stderr)
    for diagnostic in diagnostics:
        text = render_concise(diagnostic) if style == "concise" else render_full(diagnostic, colour) + "\n"
        click.echo(text, err=True)
    errors = sum(d.severity == "error" for d in diagnostics)
    if errors > 1 and style == "full":
        click.echo(f"{errors} errors", err=True)


def print_json(data: object) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(record.getMessage(), err=True)


def show_notes() -> None:
    """What takes long is said on stderr while it does."""
    log = logging.getLogger("bsnc")
    log.handlers, log.propagate = [_Notes()], False
    log.setLevel(logging.INFO)


@contextmanager
def own_code_aside() -> Generator[None, None, None]:
    """What code of the user's own prints meanwhile goes to stderr, what programs print that it starts too: stdout is
    for results."""
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison] — it is None where it was closed
        sys.stdout.flush()
    with redirect_stdout(sys.stderr), _descriptor_redirected(1, 2):
        yield


@contextmanager
def _descriptor_redirected(source: int, target: int) -> Generator[None, None, None]:
    try:
        kept = os.dup(source)
        os.dup2(target, source)
    except OSError:  # one of them is closed
        yield
        return
    try:
        yield
    finally:
        os.dup2(kept, source)
        os.close(kept)
