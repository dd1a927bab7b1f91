"""The whole front end after parsing: AST → Program, with every independent mistake reported once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, Source, SourceSpan, did_you_mean, has_errors
from bsnc.ir import SECTIONS, Budget, CostKey, DataConfig, Frozen, Graph, Program, Setting, TrainConfig
from bsnc.ops import Probe
from bsnc.sema.augmentations import unfit_augmentations
from bsnc.sema.budgets import budget_of
from bsnc.sema.build import build_graph, topological_order
from bsnc.sema.checks import CHECKS
from bsnc.sema.elaboration.elaborate import elaborate
from bsnc.sema.elaboration.imports import DeclaredNetwork, FileNames, Files, Loader, no_imports
from bsnc.sema.elaboration.raw import RawNetwork
from bsnc.sema.expressions.evaluate import Evaluator
from bsnc.sema.expressions.values import Value
from bsnc.sema.fit import unfit_data
from bsnc.sema.idle import idle_entries
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
from bsnc.sema.training import unfit_training
from bsnc.syntax import ast, deep_recursion, parse_spec


@dataclass(frozen=True)
class Checked:
    """A network of the file: as written, elaborated, and with shapes where no error is in the way."""

    syntax: ast.Network
    raw: RawNetwork
    graph: Graph | None


@dataclass
class Analysis:
    """What the front end found in a file.

    `programs` has the networks of the file by name, and with `--network` also one that it imports; it is empty where
    an error stands in `diagnostics`. `chosen` names the one to compile, where that is clear. `spec` is the syntax of
    the file, None where it does not parse; `sources` are the file and those that it imports. `budget_spans` says where
    the budget on a cost was declared.
    """

    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    spec: ast.Spec | None = None
    sources: list[Source] = field(default_factory=list[Source])
    networks: dict[str, Checked] = field(default_factory=dict[str, Checked])
    programs: dict[str, Program] = field(default_factory=dict[str, Program])
    chosen: str | None = None
    budget_spans: dict[str, SourceSpan] = field(default_factory=dict[str, SourceSpan])

    @property
    def program(self) -> Program | None:
        """The chosen network with budgets and sections."""
        return None if self.chosen is None else self.programs.get(self.chosen)

    def budget_place(self, cost: CostKey) -> tuple[SourceSpan | None, str | None]:
        """Where the budget on a cost was declared: a span of the spec, or the option as the subject of a diagnostic."""
        span = self.budget_spans.get(str(cost))
        return span, None if span else f"--budget {cost}"

    @property
    def network_span(self) -> SourceSpan | None:
        return None if self.chosen is None else self.networks[self.chosen].syntax.name.span


def analyse(
    source: Source, overrides: Overrides | None = None, loader: Loader = no_imports, probe: Probe | None = None
) -> Analysis:
    """Parse and check a spec, its parameters, sections and budgets set from outside as `overrides` say.

    `loader` reads the files that it imports. Code of the user's own is refused without a `probe` to run its modules.

    Diagnostics stand in the order of the text, those of imported files next, those on `overrides` last.
    """
    analysis = Analysis()
    try:
        with deep_recursion():
            _analyse(source, overrides or Overrides(), Files(Evaluator(probe is not None), loader), probe, analysis)
    except Diagnosed as mistake:
        analysis.diagnostics += mistake.diagnostics
    except RecursionError:
        message = "blocks and expressions of this spec nest too deep"
        analysis.diagnostics.append(Diagnostic("BSN103", message, subject=source.name))
    analysis.diagnostics = _distinct(analysis.diagnostics)
    order = {s.name: i for i, s in enumerate(analysis.sources or [source])}
    analysis.diagnostics.sort(key=lambda d: _position(d, order))
    return analysis


def _distinct(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """One for each code and place, as a block may be used by several networks: the one that tells most."""
    found: dict[object, Diagnostic] = {}
    for diagnostic in diagnostics:
        span = diagnostic.span
        place = (span.source.name, span.start, span.end) if span else (diagnostic.message, diagnostic.subject)
        known = found.setdefault((diagnostic.code, place), diagnostic)
        if len(known.notes) + len(known.labels) < len(diagnostic.notes) + len(diagnostic.labels):
            found[diagnostic.code, place] = diagnostic
    return list(found.values())


def _position(diagnostic: Diagnostic, order: dict[str, int]) -> tuple[int, int]:
    span = diagnostic.span
    if span is None or span.source.name not in order:
        return len(order), 0
    return order[span.source.name], span.start


def _analyse(source: Source, overrides: Overrides, files: Files, probe: Probe | None, analysis: Analysis) -> None:
    analysis.spec = spec = parse_spec(source)
    names = files.read(source, spec)
    analysis.sources, analysis.diagnostics = files.sources, files.diagnostics
    wanted = _wanted(spec, source, names, overrides, analysis)
    settings = read_settings(overrides.settings, [declared.syntax for declared in wanted.values()])
    for name, declared in wanted.items():
        raw = elaborate(declared.syntax, settings.parameters, declared.surroundings, files.evaluator)
        analysis.networks[name] = Checked(declared.syntax, raw, _graph(raw, probe))
        analysis.diagnostics += raw.diagnostics
    if not has_errors(analysis.diagnostics):
        analysis.diagnostics += unused_names(spec)
    sections = _sections(spec, source, settings, files.evaluator.allow_extern, analysis)
    graphs = [checked.graph for checked in analysis.networks.values() if checked.graph is not None]
    train, data = sections.get("train"), sections.get("data")
    if isinstance(train, TrainConfig) and isinstance(data, DataConfig):
        unfit = unfit_training(train, data, _entries(spec, settings, "train"), graphs)
        analysis.diagnostics += _placed(unfit, source)
    budgets = _budgets(spec, overrides, files.evaluator.allow_extern, analysis)
    if isinstance(data, DataConfig):
        entries = _entries(spec, settings, "data")
        unfit = [*unfit_augmentations(data, entries, graphs), *unfit_data(data, entries, graphs)]
        analysis.diagnostics += _placed(unfit, source)
    if has_errors(analysis.diagnostics):
        return
    entries_of = {section: _entries(spec, settings, section) for section in SECTIONS}
    analysis.diagnostics += idle_entries(sections, entries_of, any(c.raw.gates for c in analysis.networks.values()))
    for name, checked in analysis.networks.items():
        assert checked.graph is not None
        own = {parameter.name.text for parameter in checked.syntax.parameters}
        given = {k: _plain(bound.value) for k, bound in settings.parameters.items() if k in own}
        parts = cast(dict[str, Any], sections)
        analysis.programs[name] = Program(graph=checked.graph, budgets=tuple(budgets), settings=given, **parts)


def _wanted(
    spec: ast.Spec, source: Source, names: FileNames, overrides: Overrides, analysis: Analysis
) -> dict[str, DeclaredNetwork]:
    """The networks to check: the file's own, and the one of `--network`. Raises Diagnosed (BSN004, BSN302)."""
    known = names.imported | names.networks
    if overrides.network is not None:
        if overrides.network not in known:
            message = f"the file declares no network `{overrides.network}`"
            option = f"--network {overrides.network}"
            raise Diagnosed(Diagnostic("BSN004", message, subject=option, help=did_you_mean(overrides.network, known)))
        analysis.chosen = overrides.network
        return {overrides.network: known[overrides.network]}
    wanted = names.networks or (names.imported if len(names.imported) == 1 else {})
    if len(wanted) == 1:
        analysis.chosen = next(iter(wanted))
    is_library = any(isinstance(item, (ast.Import, ast.Let, ast.Block, ast.Cell)) for item in spec.items)
    if not known and not is_library:
        analysis.diagnostics.append(no_network(source.name))
    return wanted


def no_network(name: str) -> Diagnostic:
    """BSN302: there is nothing to compile."""
    help_text = "declare one: `network name() { … }`"
    return Diagnostic("BSN302", "this spec declares no network", subject=name, help=help_text)


def _graph(raw: RawNetwork, probe: Probe | None) -> Graph | None:
    """The graph of an elaborated network, where no mistake is in the way; what is wrong is reported in `raw`."""
    clean = raw.complete and not raw.diagnostics
    if clean:
        for check in CHECKS:
            for diagnostic in check(raw):
                raw.report(diagnostic)
    if not clean or any(d.code in ("BSN301", "BSN302", "BSN303") for d in raw.diagnostics):
        return None
    return build_graph(raw, topological_order(raw), probe)


def _plain(value: Value) -> Setting:
    return tuple(value) if isinstance(value, list) else cast(Any, value)


def _sections(
    spec: ast.Spec, source: Source, settings: Settings, allow_extern: bool, analysis: Analysis
) -> dict[str, Frozen]:
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
        try:
            sections[name] = section_of(name, _entries(spec, settings, name), allow_extern)
        except Diagnosed as mistake:
            analysis.diagnostics += _placed(mistake.diagnostics, source)
    return sections


def _entries(spec: ast.Spec, settings: Settings, section: str) -> list[ast.Entry]:
    """Of the first section of this name, with those of `--set`."""
    blocks = [item.entries for item in spec.items if isinstance(item, ast.Section) and item.name.text == section]
    return override_entries(blocks[0] if blocks else (), settings.entries.get(section, ()))


def _placed(diagnostics: Sequence[Diagnostic], source: Source) -> list[Diagnostic]:
    """What is not in the spec was given by an option."""
    return [d if d.span is not None and d.span.source is source else option_mistake(d) for d in diagnostics]


def _budgets(spec: ast.Spec, overrides: Overrides, allow_extern: bool, analysis: Analysis) -> list[Budget]:
    """Budgets of the spec; one given on the command line replaces the one on the same cost, or is added."""
    found = _declared_budgets(spec, allow_extern, analysis)
    given: dict[str, str] = {}
    for text in overrides.budgets:
        try:
            budget = read_budget(text, allow_extern)
        except Diagnosed as mistake:
            analysis.diagnostics += mistake.diagnostics
            continue
        key = str(budget.cost)
        if key in given:
            message = f"a second bound on `{key}`, which `--budget {given[key]}` bounds"
            help_text = "give one of them: which is to hold is not said"
            analysis.diagnostics.append(Diagnostic("BSN004", message, subject=f"--budget {text}", help=help_text))
        given[key] = text
        found[key] = budget
        analysis.budget_spans.pop(key, None)
    return list(found.values())


def _declared_budgets(spec: ast.Spec, allow_extern: bool, analysis: Analysis) -> dict[str, Budget]:
    """Those of the spec, by the text of their cost."""
    found: dict[str, Budget] = {}
    for item in spec.items:
        if not isinstance(item, ast.Budget):
            continue
        try:
            budget = budget_of(item, allow_extern)
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
    return found
