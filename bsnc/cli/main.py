"""The command line: thin. Options in, one call of the driver, results out; one file a command."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from bsnc import __version__
from bsnc.cli.output import show_diagnostics, show_notes
from bsnc.diagnostics import Diagnosed, exit_status

_COMMANDS = {
    "check": "Check specs without compiling them: syntax, names, types, shapes.",
    "compile": "Compile a spec: prove that its budgets can be met.",
    "cost": "Costs of masks, or part by part those of one architecture.",
    "explain": "Say what a diagnostic code means and what to do.",
    "export": "Export a finished run to ONNX again, with its certificate.",
    "fmt": "Rewrite specs in canonical layout.",
    "lsp": "Serve editors over stdin and stdout: the language server.",
    "new": "Write NAME.bsn, a spec to begin with, which trains as it stands.",
    "profile": "Measure how long architectures take in ONNX Runtime.",
    "train": "Search and train, export the network to ONNX and certify it.",
    "verify": "Recount a model's costs from its file, compare it with the spec.",
}
"""What each does, in a line. The command itself is `command` in the module of its name, and imported when it is called:
`bsnc --help` has to import none."""


class _Commands(click.Group):
    """Imports a command when it is called.

    A closed pipe (`bsnc … | head`) ends the program as SIGPIPE would. Click exits with 1, which blames the spec.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, listed, others = super().resolve_command(ctx, args)
        command = listed and import_module(f"bsnc.cli.{name}").command
        return name, command, others

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere, stream.fileno())
            sys.exit(141)


@click.group(
    cls=_Commands,
    commands=[click.Command(name, short_help=text) for name, text in _COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="bsnc")
def cli() -> None:
    """Train neural networks that provably fit a budget.

    Exit status: 0 fine, 1 the spec or the model is at fault, 2 usage, input/output or an internal error.
    """


def main() -> None:
    """The entry point: no exception reaches the user as a traceback."""
    show_notes()
    try:
        cli.main(prog_name="bsnc", standalone_mode=False)
    except Diagnosed as mistake:
        show_diagnostics(mistake.diagnostics)
        sys.exit(exit_status(mistake.diagnostics))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except OSError as error:
        if os.environ.get("BSNC_TRACEBACK"):
            raise
        click.echo(f"error: {error.strerror or error}: {error.filename or 'standard output'}", err=True)
        sys.exit(2)
    except Exception as error:
        if os.environ.get("BSNC_TRACEBACK"):
            raise
        click.echo(f"internal error: {type(error).__name__}: {error}", err=True)
        click.echo("This is a bug in bsnc. Run again with BSNC_TRACEBACK=1 and report what it prints.", err=True)
        sys.exit(2)
