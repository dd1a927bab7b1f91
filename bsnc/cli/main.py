"""The command line: thin. Options in, one call of the driver, results out."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import click

from bsnc import __version__
from bsnc.cli import options
from bsnc.cli.fmt import fmt
from bsnc.cli.new import new
from bsnc.cli.output import own_code_aside, print_json, show_diagnostics, show_notes
from bsnc.cli.profile import profile
from bsnc.cli.progress import StepBar
from bsnc.cli.tables import (
    breakdown_table,
    budget_table,
    certificate_text,
    cost_table,
    graph_size,
    mask_table,
)
from bsnc.cli.train import train
from bsnc.diagnostics import CODES, Diagnosed, counted, did_you_mean, exit_status, render_sarif
from bsnc.driver import (
    EMITS,
    Interrupted,
    Overrides,
    break_down,
    check_spec,
    compile_spec,
    cost_masks,
    emit,
    export_run,
    verify_file,
    write_build,
)


class _Commands(click.Group):
    """A closed pipe (`bsnc … | head`) ends the program as SIGPIPE would. Click exits with 1, which blames the spec."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere, stream.fileno())
            sys.exit(141)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bsnc")
def cli() -> None:
    """Train neural networks that provably fit a budget.

    Exit status: 0 fine, 1 the spec or the model is at fault, 2 usage, input/output or an internal error.
    """


cli.add_command(fmt)
cli.add_command(new)
cli.add_command(profile)
cli.add_command(train)


@cli.command()
@click.argument("specs", nargs=-1, required=True, type=options.PATH, metavar="SPEC…")
@click.option(
    "--format",
    "style",
    type=click.Choice(["full", "concise", "json", "sarif"]),
    default="full",
    show_default=True,
    help="How to show diagnostics; json and sarif (2.1.0) go to stdout.",
)
@options.overrides
@options.as_json
def check(
    specs: tuple[Path, ...],
    style: str,
    overrides: Overrides,
    json_output: bool,
) -> None:
    """Check specs without compiling them: syntax, names, types, shapes. Never loads torch."""
    with own_code_aside():
        analyses = [(path, check_spec(path, overrides)) for path in specs]
    diagnostics = [d for _, analysis in analyses for d in analysis.diagnostics]
    if json_output or style == "json":
        print_json([d.as_json() for d in diagnostics])
    elif style == "sarif":
        click.echo(render_sarif(diagnostics, __version__))
    else:
        show_diagnostics(diagnostics, style)
        for path, analysis in analyses:
            if not analysis.networks and exit_status(analysis.diagnostics) == 0:
                click.echo(f"{path}: ok, no network")
            for name, program in analysis.programs.items():
                which = f" {name}" if len(analysis.programs) > 1 else ""
                click.echo(f"{path}:{which} ok, {graph_size(program.graph)}")
    sys.exit(exit_status(diagnostics))


@cli.command("compile")
@click.argument("spec", type=options.PATH)
@click.option("-o", "--output", type=options.PATH, metavar="DIR", help="Build directory. [default: build/<spec>]")
@click.option("--emit", "what", type=click.Choice(EMITS), help="Print this instead, and write nothing.")
@options.overrides
@options.as_json
def compile_(
    spec: Path,
    output: Path | None,
    what: str | None,
    overrides: Overrides,
    json_output: bool,
) -> None:
    """Compile a spec: prove that its budgets can be met; write ir.json, fx.py, graph.svg and costs.json."""
    with own_code_aside():
        compilation = compile_spec(spec, overrides)
    show_diagnostics(compilation.diagnostics)
    if what is not None:
        with own_code_aside():
            text = emit(compilation, what)
        click.echo(text, nl=False)
        sys.exit(compilation.exit_status)
    if json_output:
        print_json(compilation.as_json())
    else:
        graph = compilation.program.graph
        click.echo(f"{graph.name}: {graph_size(graph)}\n")
        click.echo(cost_table(compilation.report))
    with own_code_aside():
        written = write_build(compilation, output or _default_build(spec, overrides))
    if not json_output:
        click.echo(f"\nwrote {', '.join(str(path) for path in written)}")
    sys.exit(compilation.exit_status)


@cli.command()
@click.argument("spec", type=options.PATH)
@click.option(
    "--masks",
    type=options.PATH,
    metavar="FILE",
    help="JSON list of {edge name: 0|1}; unnamed edges are kept.",
)
@click.option(
    "--arch",
    type=options.PATH,
    metavar="FILE",
    help='One architecture, edge by edge: architecture.json of a run, {"live": [edge names]} or {edge name: 0|1}.',
)
@click.option(
    "--by", metavar="COST", help="With --arch: sort by this cost. [default: that of the first budget, or flops]"
)
@options.overrides
@options.as_json
def cost(
    spec: Path,
    masks: Path | None,
    arch: Path | None,
    by: str | None,
    overrides: Overrides,
    json_output: bool,
) -> None:
    """Costs of the live subgraph of masks, or with every edge kept, where no options of a choice exclude each other.

    With --arch what each live edge and node of one architecture costs.
    """
    if arch is not None and masks is not None:
        raise click.UsageError("--arch and --masks exclude each other: a file of masks, or one architecture")
    if by is not None and arch is None:
        raise click.UsageError("--by sorts the edges of an architecture: give one with --arch")
    if arch is not None:
        with own_code_aside():
            breakdown = break_down(spec, arch, overrides, by)
        if json_output:
            print_json(breakdown.as_json())
        else:
            click.echo(breakdown_table(breakdown))
        return
    with own_code_aside():
        results = cost_masks(spec, masks, overrides)
    if json_output:
        print_json([result.as_json() for result in results])
        return
    click.echo(mask_table(results))


def _default_build(spec: Path, overrides: Overrides) -> Path:
    return Path("build") / (f"{spec.stem}-{overrides.network}" if overrides.network else spec.stem)


@cli.command()
@click.argument("run", type=options.PATH)
@click.option("-o", "--output", type=options.PATH, metavar="FILE", help="Model file. [default: RUN/model.onnx]")
@options.allow_extern
def export(run: Path, output: Path | None, allow_extern: bool) -> None:
    """Export a finished run to ONNX again, with its certificate."""
    path = output or run / "model.onnx"
    with StepBar() as bar, own_code_aside():
        certificate = export_run(run, path, bar.step, allow_extern)
    click.echo(certificate_text(certificate))
    click.echo(f"\nwrote {path} and certificate.json beside it")


@cli.command()
@click.argument("model", type=options.PATH)
@click.argument("spec", type=options.PATH)
@options.overrides
@options.as_json
def verify(model: Path, spec: Path, overrides: Overrides, json_output: bool) -> None:
    """Recount a model's costs from its file, compare it with the spec, exit 1 when a budget is exceeded."""
    with own_code_aside():
        result = verify_file(model, spec, overrides)
    show_diagnostics(result.diagnostics)
    if json_output:
        print_json(
            {
                "met": result.met,
                "budgets": [row.model_dump() for row in result.budgets],
                "parity": result.parity.max_abs_diff if result.parity else None,
                "parity_examples": result.parity.examples if result.parity else 0,
                "diagnostics": [d.as_json() for d in result.diagnostics],
            }
        )
    else:
        if result.budgets or result.met:
            click.echo(budget_table(result.budgets))
        if result.parity:
            examples = counted(result.parity.examples, "example")
            click.echo(f"parity: max abs diff {result.parity.max_abs_diff:.2g} over {examples}")
    sys.exit(exit_status(result.diagnostics))


@cli.command("explain")
@click.argument("code")
def explain_(code: str) -> None:
    """Say what a diagnostic code means and what to do."""
    code = code.upper()
    if code not in CODES:
        suggestion = did_you_mean(code, CODES)
        raise click.BadParameter(f"no code {code}" + (f"; {suggestion}" if suggestion else ""), param_hint="CODE")
    entry = CODES[code]
    click.echo(f"{code}: {entry.title} ({entry.severity})\n")
    click.echo(click.wrap_text(entry.explanation, width=88))


@cli.command()
def lsp() -> None:
    """Serve editors over stdin and stdout: the language server. Needs the extra `lsp`."""
    if importlib.util.find_spec("pygls") is None:
        raise click.UsageError("the language server needs pygls: pip install 'bsnc[lsp]'")
    from bsnc.lsp import serve

    serve()


def main() -> None:
    """The entry point: no exception reaches the user as a traceback."""
    show_notes()
    try:
        cli.main(prog_name="bsnc", standalone_mode=False)
    except Diagnosed as mistake:
        show_diagnostics(mistake.diagnostics)
        sys.exit(exit_status(mistake.diagnostics))
    except Interrupted as interrupted:
        click.echo(str(interrupted), err=True)
        sys.exit(interrupted.exit_status)
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
