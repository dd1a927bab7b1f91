"""`bsnc profile`: how long the architectures of a spec take, measured here and kept for the commands that ask."""

from __future__ import annotations

from contextlib import suppress

from bsnc.cost import LatencyTable
from bsnc.diagnostics import Diagnosed
from bsnc.driver.budgets import require_connected
from bsnc.driver.check import Loaded
from bsnc.export import Fragments, Plan, Profile, Step, load_profile, profile_graph
from bsnc.ir import CostKey, Program

DEFAULT_KEY = CostKey(name="latency")


def profile_spec(spec: Loaded, key: CostKey | None, plan: Plan | None, fresh: bool, step: Step) -> tuple[Profile, ...]:
    """A profile for `key`, or for every latency budget of a spec, or for DEFAULT_KEY where it has none.

    A profile that is known is measured again only if `fresh`, or if it was measured by another `plan` than this one.
    Raises Diagnosed (BSN521 where this machine cannot measure it).
    """
    program, analysis = spec
    require_connected(program.graph, analysis)
    keys = (key,) if key else latency_keys(program) or (DEFAULT_KEY,)
    fragments = Fragments()
    return tuple(_profile(program, key, plan, fresh, step, fragments) for key in keys)


def latency_keys(program: Program) -> tuple[CostKey, ...]:
    """The latencies that a program has budgets on."""
    return tuple(budget.cost for budget in program.budgets if budget.cost.name == DEFAULT_KEY.name)


def latency_tables(program: Program) -> dict[CostKey, LatencyTable]:
    """What profiles measured on this machine say of the latencies that a program has budgets on; a latency that was not
    profiled is missing, as it is where this machine lacks its device."""
    profiles: dict[CostKey, Profile | None] = {}
    for key in latency_keys(program):
        with suppress(Diagnosed):
            profiles[key] = load_profile(program.graph, key)
    return {key: profile.cautious_table for key, profile in profiles.items() if profile is not None}


def measure_latency_tables(program: Program, step: Step) -> dict[CostKey, LatencyTable]:
    """As `latency_tables`, but what is missing is profiled. Raises Diagnosed (BSN521) where this machine cannot."""
    fragments = Fragments()
    return {key: _profile(program, key, None, False, step, fragments).cautious_table for key in latency_keys(program)}


def _profile(
    program: Program, key: CostKey, plan: Plan | None, fresh: bool, step: Step, fragments: Fragments
) -> Profile:
    known = None if fresh else load_profile(program.graph, key)
    if known is not None and plan in (None, known.plan):
        return known
    return profile_graph(program.graph, key, plan, step, fresh, fragments)
