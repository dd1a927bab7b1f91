"""`bsnc lsp`."""

from __future__ import annotations

import importlib.util

import click


@click.command("lsp")
def command() -> None:
    """Serve editors over stdin and stdout: the language server. Needs the extra `lsp`."""
    if importlib.util.find_spec("pygls") is None:
        raise click.UsageError("the language server needs pygls: pip install 'bsnc[lsp]'")
    from bsnc.lsp import serve

    serve()
