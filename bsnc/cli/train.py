"""`bsnc train`: a run, or one that goes on."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from bsnc.cli import options
from bsnc.cli.output import own_code_aside, print_json, show_diagnostics
from bsnc.cli.progress import Bar
from bsnc.cli.tables import binding_text, certificate_text, comparison_table, evaluation_text, projection_text
from bsnc.driver import Interrupted, Overrides, resume_run, train_spec
from bsnc.ir import Hardware, Strategy
from bsnc.watch import BACKENDS

if TYPE_CHECKING:
    from bsnc.driver import Trained


@click.command("train")
@click.argument("spec", type=options.PATH, required=False)
@click.option("-o", "--output", type=options.PATH, metavar="RUN", help="New directory. [default: runs/<spec>/<time>]")
@options.overrides
@click.option(
    "--strategy",
    type=click.Choice(get_args(Strategy)),
    help="How a staged search spends its evaluations. The same as --set search.strategy=…",
)
@click.option(
    "--from-scratch",
    is_flag=True,
    help="Export the final architecture trained from scratch, not fine-tuned. The same as --set "
    "train.final=from_scratch",
)
@click.option(
    "--resume", type=options.PATH, metavar="RUN", help="Go on with a run that was stopped or killed, instead of a spec."
)
@click.option(
    "--log",
    "logs",
    type=click.Choice(list(BACKENDS)),
    multiple=True,
    help="Log the run to this tool too, TensorBoard to RUN/tensorboard; may be repeated. A run that goes on keeps its "
    "logs.",
)
@options.hardware
@options.seed
@options.threads
@options.as_json
@click.pass_context
def command(
    context: click.Context,
    spec: Path | None,
    output: Path | None,
    overrides: Overrides,
    strategy: str | None,
    from_scratch: bool,
    resume: Path | None,
    hardware: Hardware | None,
    logs: tuple[str, ...],
    seed: int,
    threads: int | None,
    json_output: bool,
) -> None:
    """Search and train, choose the final network, export it to ONNX and certify it.

    Ctrl-C stops a run where --resume can go on with it.
    """
    if resume is None and spec is None:
        raise click.UsageError("name a spec to train, or a run with --resume")
    if resume is not None:
        options.require_only(context, "resume", "allow_extern", "logs", "json_output", *Hardware.model_fields)
    if strategy is not None:
        overrides = replace(overrides, settings=(*overrides.settings, f"search.strategy={strategy}"))
    if from_scratch:
        overrides = replace(overrides, settings=(*overrides.settings, "train.final=from_scratch"))
    with _told_where_it_is(), Bar() as bar, own_code_aside():
        if resume is not None:
            trained = resume_run(resume, bar, show_diagnostics, bar.step, overrides.allow_extern, hardware, logs)
        else:
            assert spec is not None
            directory = output or _default_run(spec)
            parts = (overrides, seed, bar, show_diagnostics, bar.step, threads, hardware, logs)
            trained = train_spec(spec, directory, *parts)
    if trained is None:  # another process tells
        return
    if json_output:
        print_json(trained.as_json())
    else:
        click.echo(run_text(trained))


@contextmanager
def _told_where_it_is() -> Generator[None, None, None]:
    """A run that was stopped ends the program, and says how to go on with it."""
    try:
        yield
    except Interrupted as interrupted:
        click.echo(str(interrupted), err=True)
        sys.exit(interrupted.exit_status)


def _default_run(spec: Path) -> Path:
    import datetime

    return Path("runs") / spec.stem / datetime.datetime.now().strftime("%Y%m%d-%H%M%S")


def run_text(trained: Trained) -> str:
    """What a finished run found: accuracy, size, verdict, budgets, certificate."""
    result = trained.result
    mirrored = f"with mirrored inputs too: {evaluation_text(result.final.mirrored)}\n" if result.final.mirrored else ""
    state = "converged" if result.verdict.converged else "not converged"
    frozen = f"; frozen gates: {result.verdict.frozen_gates}" if result.verdict.frozen_gates else ""
    parts = [
        f"test: {evaluation_text(result.test)}\n"
        f"{mirrored}"
        f"network: {len(result.graph.edges)} of {len(result.program.graph.edges)} edges\n"
        f"search: {state}: {result.verdict.reason}; inconsistent samples: {result.inconsistent}{frozen}"
    ]
    if result.final.compared:
        parts.append(comparison_table(result.final.compared, result.program.train.final))
    if result.architecture.projected:
        parts.append(projection_text(result.architecture.projection_gap))
    if result.budgets and result.program.graph.gates:
        parts.append(binding_text(result.budgets))
    parts += [certificate_text(trained.certificate), f"wrote {trained.model} and certificate.json beside it"]
    return "\n\n".join(parts)
