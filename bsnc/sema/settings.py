"""Values given from outside the spec: `--set layers=4`, `--set train.epochs=5`, `--budget flops=30M`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bsnc.diagnostics import Diagnosed, Diagnostic, Source, did_you_mean
from bsnc.ir import SECTIONS, Budget
from bsnc.sema.budgets import budget_of
from bsnc.sema.evaluate import Evaluator, PoisonedError
from bsnc.sema.parameters import check_type, coerce
from bsnc.sema.values import Scope, Value
from bsnc.syntax import ast, parse_budget, parse_expression


@dataclass(frozen=True)
class Overrides:
    """Texts of `--set` and `--budget` options, as given."""

    settings: tuple[str, ...] = ()
    budgets: tuple[str, ...] = ()


@dataclass
class Settings:
    """Overrides, understood: values of parameters and entries of sections."""

    parameters: dict[str, Value] = field(default_factory=dict[str, Value])
    entries: dict[str, list[ast.Entry]] = field(default_factory=dict[str, list[ast.Entry]])


def _bad_option(option: str, message: str, help: str | None = None) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN004", message, subject=option, help=help))


def _as_option_mistake(option: str, mistake: Diagnosed) -> Diagnosed:
    """The same messages, as faults of the command line."""
    return Diagnosed(
        *(Diagnostic("BSN004", d.message, d.span, option, d.caption, help=d.help) for d in mistake.diagnostics)
    )


def read_settings(texts: Sequence[str], network: ast.Network | None) -> Settings:
    """`name=value` → a parameter, `section.key=value` → an entry. Raises Diagnosed (BSN004)."""
    settings = Settings()
    for text in texts:
        name, equals, written = text.partition("=")
        name = name.strip()
        option = f"--set {text}"
        if not equals or not name or not written.strip():
            raise _bad_option(option, "`--set` takes `name=value`")
        try:
            expression = parse_expression(Source(f"--set {name}", written))
        except Diagnosed as mistake:
            raise _as_option_mistake(option, mistake) from None
        if "." in name:
            _set_entry(settings, name, expression, option)
        elif network is not None:
            settings.parameters[name] = _parameter(network, name, expression, option)
    return settings


def _set_entry(settings: Settings, name: str, expression: ast.Expr, option: str) -> None:
    section, _, key = name.partition(".")
    if section not in SECTIONS:
        raise _bad_option(option, f"no section `{section}`", did_you_mean(section, SECTIONS))
    identifier = ast.Identifier(key, span=expression.span)
    settings.entries.setdefault(section, []).append(ast.Entry(identifier, expression, span=expression.span))


def _parameter(network: ast.Network, name: str, expression: ast.Expr, option: str) -> Value:
    parameter = next((p for p in network.parameters if p.name.text == name), None)
    if parameter is None:
        known = [p.name.text for p in network.parameters]
        message = f"network `{network.name.text}` has no parameter `{name}`"
        raise _bad_option(option, message, did_you_mean(name, known))
    try:
        check_type(parameter.type)
        return coerce(Evaluator().value(expression, Scope()), parameter, expression.span)
    except Diagnosed as mistake:
        raise _as_option_mistake(option, mistake) from None
    except PoisonedError:  # pragma: no cover — the scope is empty
        raise AssertionError("an empty scope holds no poison") from None


def read_budget(text: str) -> Budget:
    """`cost=bound`, the bound as in a spec: `flops=30M`, `flops=20% of max`. Raises Diagnosed (BSN004)."""
    option = f"--budget {text}"
    cost, equals, bound = _split_budget(text)
    if not equals or not cost.strip() or not bound.strip():
        raise _bad_option(option, "`--budget` takes `cost=bound`", "for example `--budget flops=30M`")
    try:
        return budget_of(parse_budget(Source("--budget", f"budget {cost} <= {bound}")))
    except Diagnosed as mistake:
        raise _as_option_mistake(option, mistake) from None


def _split_budget(text: str) -> tuple[str, str, str]:
    """Split at the last `=` outside parentheses, `<=` allowed: `flops(count = veniat2018)=30M`."""
    depth, at = 0, -1
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "=" and depth == 0:
            at = i
    if at < 0:
        return text, "", ""
    return text[:at].rstrip().removesuffix("<"), "=", text[at + 1 :]


def override_entries(section: Sequence[ast.Entry], overrides: Sequence[ast.Entry]) -> list[ast.Entry]:
    """The entries of a section with those of `--set` in place of, or after, its own; the last `--set` wins."""
    last = {entry.key.text: entry for entry in overrides}
    return [entry for entry in section if entry.key.text not in last] + list(last.values())
