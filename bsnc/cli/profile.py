"""`bsnc profile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bsnc.cli import options
from bsnc.cli.output import own_code_aside, print_json
from bsnc.cli.progress import StepBar
from bsnc.cli.tables import table
from bsnc.diagnostics import counted
from bsnc.driver import Overrides, profile_spec
from bsnc.ir import COST_SIGNATURES, CostKey, shape_text

if TYPE_CHECKING:
    from bsnc.export import Plan, Profile

_LATENCY = COST_SIGNATURES["latency"]
_COUNT = click.IntRange(1, _LATENCY.options["batch"].highest)


@click.command("profile")
@click.argument("spec", type=options.PATH)
@click.option("--device", type=click.Choice(_LATENCY.options["device"].names), help="Where to run. [default: cpu]")
@click.option("--threads", type=_COUNT, help="Threads of ONNX Runtime. [default: 1]")
@click.option("--batch", type=_COUNT, help="Examples in one run. [default: 1]")
@click.option("--fresh", is_flag=True, help="Measure again what was measured before.")
@click.option("--architectures", type=click.IntRange(1, 10_000), help="How many to fit. [default: 24]")
@click.option("--held-out", type=click.IntRange(0, 10_000), help="How many others to test on. [default: 12]")
@options.overrides
@options.as_json
def command(
    spec: Path,
    device: str | None,
    threads: int | None,
    batch: int | None,
    fresh: bool,
    architectures: int | None,
    held_out: int | None,
    overrides: Overrides,
    json_output: bool,
) -> None:
    """Measure how long architectures take in ONNX Runtime, for every latency budget of a spec or as options say.

    What is measured is kept in the user's cache directory, and used wherever this machine asks for it again.
    """
    key = _key({"device": device, "threads": threads, "batch": batch})
    with StepBar() as bar, own_code_aside():
        profiles = profile_spec(spec, overrides, key, _plan(architectures, held_out), fresh, bar.step)
    if json_output:
        print_json([_as_json(found) for found in profiles])
        return
    click.echo("\n\n".join(_text(found) for found in profiles))


def _key(given: dict[str, object]) -> CostKey | None:
    """The latency that options ask for; None where they ask for none. As in a spec, defaults are left out."""
    if all(value is None for value in given.values()):
        return None
    texts = {name: str(value) for name, value in given.items() if value is not None}
    chosen = tuple((name, text) for name, text in texts.items() if text != _LATENCY.options[name].default)
    return CostKey(name="latency", options=chosen)


def _plan(architectures: int | None, held_out: int | None) -> Plan | None:
    if architectures is None and held_out is None:
        return None
    from bsnc.export import Plan

    given = {"architectures": architectures, "held_out": held_out}
    return Plan.model_validate({name: value for name, value in given.items() if value is not None})


def _as_json(profile: Profile) -> dict[str, object]:
    data: dict[str, object] = profile.model_dump(mode="json")
    return {**data, "key": str(profile.key), "architectures": profile.architectures, "held_out": profile.held_out}


def _text(profile: Profile) -> str:
    setting = profile.setting
    rows = [
        [m.module, shape_text(m.in_shape), str(m.edges), duration(m.own), duration(m.fitted)] for m in profile.modules
    ]
    fitted = counted(profile.architectures, "architecture")
    return (
        f"{profile.key} on {setting.device_name}, ONNX Runtime {setting.onnxruntime}\n\n"
        f"{table(rows, ['module', 'input', 'edges', 'own time', 'fitted'])}\n\n"
        f"beside its edges a run takes {duration(profile.table.constant)}\n"
        f"fitted to {fitted}; {_errors(profile)}"
    )


def _errors(profile: Profile) -> str:
    if profile.median_error is None or profile.worst_error is None:
        return "too few others to tell the error"
    rank = "" if profile.spearman is None else f"Spearman {profile.spearman:.3f}, "
    return (
        f"on {profile.held_out} others: {rank}relative error {profile.median_error:.1%} in the median, "
        f"{profile.worst_error:.1%} at worst"
    )


def duration(seconds: float) -> str:
    """A time for people: `12.3 µs`, `4.56 ms`."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
