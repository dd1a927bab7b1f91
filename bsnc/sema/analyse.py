"""The whole front end after parsing: AST → Program, with every independent mistake reported once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, Source, SourceSpan
from bsnc.ir import SECTIONS, Budget, Frozen, Graph, Program, Setting
from bsnc.sema.budgets import budget_of
from bsnc.sema.build import build_graph, topological_order
from bsnc.sema.checks import CHECKS
from bsnc.sema.elaborate import elaborate
from bsnc.sema.names import unused_names
from bsnc.sema.sections import section_of
from bsnc.sema.settings import (
    Overrides,
    Settings,
    option_mistake,
    override_entries,
    read_budget,
    read_settings,
)
from bsnc.sema.values import Value
from bsnc.syntax import ast, deep_recursion, parse_spec


@dataclass
class Analysis:
    """What the front end found. `program` is None where an error stands in `diagnostics`.

    `edge_spans` and `budget_spans` say where edges (by name) and budgets (by cost) were declared.
    """

    program: Program | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    edge_spans: dict[str, SourceSpan] = field(default_factory=dict[str, SourceSpan])
    budget_spans: dict[str, SourceSpan] = field(default_factory=dict[str, SourceSpan])


def analyse(source: Source, overrides: Overrides | None = None) -> Analysis:
    """Parse and check a spec, its parameters, sections and budgets set from outside as `overrides` say.

    Diagnostics stand in the order of the text, those on `overrides` last.
    """
    analysis = Analysis()
    try:
        with deep_recursion():
            _analyse(source, overrides or Overrides(), analysis)
    except Diagnosed as mistake:
        analysis.diagnostics += mistake.diagnostics
    except RecursionError:
        message = "blocks and expressions of this spec nest too deep"
        analysis.diagnostics.append(Diagnostic("BSN103", message, subject=source.name))
    analysis.diagnostics.sort(key=lambda d: _position(d, source))
    return analysis


def _position(diagnostic: Diagnostic, source: Source) -> tuple[bool, int]:
    span = diagnostic.span
    return (True, 0) if span is None or span.source is not source else (False, span.start)


def _analyse(source: Source, overrides: Overrides, analysis: Analysis) -> None:
    spec = parse_spec(source)
    network = _the_network(spec, source, analysis)
    settings = read_settings(overrides.settings, network)
    graph = _graph(network, settings, analysis) if network is not None else None
    sections = _sections(spec, source, settings, analysis)
    budgets = _budgets(spec, overrides, analysis)
    if graph is not None and not any(d.severity == "error" for d in analysis.diagnostics):
        given = {name: _plain(value) for name, value in settings.parameters.items()}
        parts = cast(dict[str, Any], sections)
        analysis.program = Program(graph=graph, budgets=tuple(budgets), settings=given, **parts)


def _plain(value: Value) -> Setting:
    return tuple(value) if isinstance(value, list) else cast(Any, value)


def _the_network(spec: ast.Spec, source: Source, analysis: Analysis) -> ast.Network | None:
    networks = [item for item in spec.items if isinstance(item, ast.Network)]
    if not networks:
        help_text = "declare one: `network name() { … }`"
        message = "this spec declares no network"
        analysis.diagnostics.append(Diagnostic("BSN302", message, subject=source.name, help=help_text))
        return None
    if len(networks) > 1:
        first = Label(networks[0].name.span, "the first one")
        message = f"a spec declares one network; `{networks[1].name.text}` is a second one"
        raise Diagnosed(Diagnostic("BSN302", message, networks[1].name.span, labels=(first,)))
    return networks[0]


def _graph(network: ast.Network, settings: Settings, analysis: Analysis) -> Graph | None:
    raw = elaborate(network, settings.parameters)
    clean = not raw.diagnostics
    if clean:
        for check in CHECKS:
            for diagnostic in check(raw):
                raw.report(diagnostic)
    graph = None
    if clean and not any(d.code in ("BSN301", "BSN302", "BSN303") for d in raw.diagnostics):
        graph = build_graph(raw, topological_order(raw))
    analysis.diagnostics += raw.diagnostics
    if clean:
        analysis.diagnostics += unused_names(network)
    analysis.edge_spans = {edge.name: edge.span for edge in raw.edges}
    return graph


def _sections(spec: ast.Spec, source: Source, settings: Settings, analysis: Analysis) -> dict[str, Frozen]:
    written: dict[str, ast.Section] = {}
    for item in spec.items:
        if not isinstance(item, ast.Section):
            continue
        name = item.name.text
        if name in written:
            first = Label(written[name].name.span, "first given here")
            message = f"section `{name}` is given twice"
            analysis.diagnostics.append(Diagnostic("BSN210", message, item.name.span, labels=(first,)))
        written.setdefault(name, item)
    sections: dict[str, Frozen] = {}
    for name in SECTIONS:
        entries = written[name].entries if name in written else ()
        try:
            sections[name] = section_of(name, override_entries(entries, settings.entries.get(name, ())))
        except Diagnosed as mistake:
            analysis.diagnostics += [
                d if d.span is not None and d.span.source is source else option_mistake(d) for d in mistake.diagnostics
            ]
    return sections


def _budgets(spec: ast.Spec, overrides: Overrides, analysis: Analysis) -> list[Budget]:
    """Budgets of the spec; one given on the command line replaces the one on the same cost, or is added."""
    found: dict[str, Budget] = {}
    for item in spec.items:
        if not isinstance(item, ast.Budget):
            continue
        try:
            budget = budget_of(item)
        except Diagnosed as mistake:
            analysis.diagnostics += mistake.diagnostics
            continue
        key = str(budget.cost)
        if key in found:
            first = Label(analysis.budget_spans[key], "first given here")
            message = f"a second budget on `{key}`"
            analysis.diagnostics.append(Diagnostic("BSN202", message, item.span, labels=(first,)))
            continue
        found[key] = budget
        analysis.budget_spans[key] = item.span
    for text in overrides.budgets:
        try:
            budget = read_budget(text)
        except Diagnosed as mistake:
            analysis.diagnostics += mistake.diagnostics
            continue
        found[str(budget.cost)] = budget
        analysis.budget_spans.pop(str(budget.cost), None)
    return list(found.values())
