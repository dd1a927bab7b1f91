"""Results to stdout, diagnostics and progress to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
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
