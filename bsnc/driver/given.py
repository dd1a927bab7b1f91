"""What costs need to know beside the graph: the user's own functions, and what was measured on this machine."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from bsnc.cost import Given
from bsnc.diagnostics import Diagnosed, Diagnostic, error_in_short
from bsnc.driver.files import permit_code
from bsnc.ir import Graph, Program
from bsnc.sema import Analysis, not_allowed

if TYPE_CHECKING:
    from bsnc.export import Step

CostFunction = Callable[[Graph], float]
PATIENCE = 5.0
"""Seconds in a function of the user's own before it is said that this takes time; then twice as many, and so on."""
_LOG = logging.getLogger(__name__)


def given_of(program: Program, analysis: Analysis, allow_extern: bool) -> Given:
    """The functions of a program's budgets, and the latencies that were measured before; others are missing.

    Raises Diagnosed (BSN217, BSN218).
    """
    functions = cost_functions(program, analysis, allow_extern)
    if not _needs_latencies(program):
        return Given(functions=functions)
    from bsnc.driver import profile

    return Given(profile.latency_tables(program), functions)


def everything_given(program: Program, analysis: Analysis, allow_extern: bool, step: Step) -> Given:
    """As `given_of`, but latencies that were not measured are measured now, `step` telling how far that is.

    Raises Diagnosed (BSN521 where this machine cannot measure one).
    """
    functions = cost_functions(program, analysis, allow_extern)
    if not _needs_latencies(program):
        return Given(functions=functions)
    from bsnc.driver import profile

    return Given(profile.measure_latency_tables(program, step), functions)


def _needs_latencies(program: Program) -> bool:
    """Only then is ONNX Runtime loaded."""
    return any(budget.cost.signature.source == "measured" for budget in program.budgets)


def cost_functions(program: Program, analysis: Analysis, allow_extern: bool) -> dict[str, CostFunction]:
    """The functions of all costs of the user's own, by `package.module:function`. This runs the user's code: it
    imports modules, from the directory of the spec too.

    Raises Diagnosed (BSN217, BSN218) with everything that is wrong, at the budgets.
    """
    own = [budget for budget in program.budgets if budget.cost.signature.source == "code"]
    if not own:
        return {}
    places = {budget.cost.function: analysis.budget_place(budget.cost) for budget in own}
    if not allow_extern:
        raise Diagnosed(*(not_allowed("a cost", span, subject) for span, subject in places.values()))
    if analysis.sources:
        permit_code(Path(analysis.sources[0].name).parent)
    functions: dict[str, CostFunction] = {}
    mistakes: list[Diagnostic] = []
    for target, (span, subject) in places.items():
        try:
            functions[target] = _timed(target, load_function(target))
        except Diagnosed as mistake:
            mistakes += [replace(d, span=span, subject=subject) for d in mistake.diagnostics]
    if mistakes:
        raise Diagnosed(*mistakes)
    return functions


def load_function(target: str) -> CostFunction:
    """Import `package.module:function`. Raises Diagnosed (BSN218), without a span."""
    package, _, name = target.partition(":")
    try:
        found: Any = attrgetter(name)(importlib.import_module(package))
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise Diagnosed(Diagnostic("BSN218", f"`{target}` cannot be imported: {error_in_short(error)}")) from None
    if not callable(found):
        message = f"`{target}` is an object of type {type(found).__name__}, not a function"
        raise Diagnosed(Diagnostic("BSN218", message))
    return cast(CostFunction, found)


def _timed(target: str, function: CostFunction) -> CostFunction:
    """The same function, but one that takes long is logged: nobody should wait without knowing for what."""
    calls, seconds, due = 0, 0.0, PATIENCE

    def timed(graph: Graph) -> float:
        nonlocal calls, seconds, due
        started = monotonic()
        value = function(graph)
        calls, seconds = calls + 1, seconds + monotonic() - started
        if seconds > due:
            _LOG.info("calls of `%s` so far: %d, %.3g s", target, calls, seconds)
            due = 2 * seconds
        return value

    return timed
