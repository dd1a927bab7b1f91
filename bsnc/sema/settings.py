"""Values given from outside the spec: `--set layers=4`, `--set train.epochs=5`, `--budget flops=30M`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from bsnc.diagnostics import Diagnosed, Diagnostic, Source, did_you_mean
from bsnc.ir import SECTIONS, Budget
from bsnc.sema.accepts import keys_of
from bsnc.sema.budgets import budget_of
from bsnc.sema.expressions.evaluate import Evaluator
from bsnc.sema.expressions.parameters import check_type, coerce, in_words
from bsnc.sema.expressions.together import together
from bsnc.sema.expressions.values import Binding, Scope, Value, show
from bsnc.syntax import ast, parse_budget, parse_expression


@dataclass(frozen=True)
class Overrides:
    """Texts of `--set` and `--budget` options, as given, and the network of `--network`.

    `allow_extern` permits running Python code that the spec names, `root` is where imported files must lie below; where
    it is None that is the directory of the spec.
    """

    settings: tuple[str, ...] = ()
    budgets: tuple[str, ...] = ()
    network: str | None = None
    allow_extern: bool = False
    root: Path | None = None


@dataclass
class Settings:
    """Overrides, understood: values of parameters, each by name and its option, and entries of sections."""

    parameters: dict[str, Binding] = field(default_factory=dict[str, Binding])
    entries: dict[str, list[ast.Entry]] = field(default_factory=dict[str, list[ast.Entry]])


def _bad_option(option: str, message: str, help: str | None = None) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN004", message, subject=option, help=help))


def option_mistake(diagnostic: Diagnostic) -> Diagnostic:
    """The same message, as a fault of the command line."""
    return replace(diagnostic, code="BSN004")


def _as_option_mistake(mistake: Diagnosed) -> Diagnosed:
    return Diagnosed(*map(option_mistake, mistake.diagnostics))


def read_settings(texts: Sequence[str], networks: Sequence[ast.Network]) -> Settings:
    """`name=value` → a parameter of one of the networks, `section.key=value` → an entry. Raises Diagnosed (BSN004)."""
    settings = Settings()
    together([partial(_read_setting, text, networks, settings) for text in texts])
    return settings


def _read_setting(text: str, networks: Sequence[ast.Network], settings: Settings) -> None:
    name, equals, written = text.partition("=")
    name, option = name.strip(), f"--set {text}"
    if not equals or not name or not written.strip():
        raise _bad_option(option, "`--set` takes `name=value`", "for example `--set layers=4`")
    try:
        expression = parse_expression(Source(f"--set {name}", written.strip()))
    except Diagnosed as mistake:
        raise _as_option_mistake(mistake) from None
    if "." in name:
        _set_entry(settings, name, expression, option)
    elif networks:
        value = _parameter(networks, name, expression, option)
        settings.parameters[name] = Binding(value, expression.span, f"set to {show(value)} from outside")


def _set_entry(settings: Settings, name: str, expression: ast.Expr, option: str) -> None:
    section, _, key = name.partition(".")
    if section not in SECTIONS:
        raise _bad_option(option, f"no section `{section}`", did_you_mean(section, SECTIONS))
    keys = keys_of(SECTIONS[section])
    if key not in keys:
        raise _bad_option(option, f"section `{section}` has no key `{key}`", did_you_mean(key, keys))
    identifier = ast.Identifier(key, span=expression.span)
    settings.entries.setdefault(section, []).append(ast.Entry(identifier, expression, span=expression.span))


def _parameter(networks: Sequence[ast.Network], name: str, expression: ast.Expr, option: str) -> Value:
    """The value, as the type of the parameter demands where all networks agree on it; a lone word is a string."""
    found = [p for network in networks for p in network.parameters if p.name.text == name]
    if not found:
        known = [p.name.text for network in networks for p in network.parameters]
        whose = f"network `{networks[0].name.text}`" if len(networks) == 1 else "no network here"
        message = f"{whose} has {'no' if len(networks) == 1 else 'a'} parameter `{name}`"
        section = next((s for s, model in SECTIONS.items() if name in keys_of(model)), None)
        suggestion = f"did you mean `{section}.{name}`?" if section is not None else did_you_mean(name, known)
        raise _bad_option(option, message, suggestion)
    parameter = found[0]
    assert parameter.type is not None
    check_type(parameter.type)
    if parameter.type.name.text == "str" and isinstance(expression, ast.Name):
        return expression.text
    try:
        return coerce(Evaluator().value(expression, Scope()), name, parameter.type, expression.span)
    except Diagnosed as mistake:
        raise _as_option_mistake(_explained(mistake, parameter)) from None


def _explained(mistake: Diagnosed, parameter: ast.Parameter) -> Diagnosed:
    """No names are visible here, so one is a string without quotes, or simply of the wrong type."""
    is_string = parameter.type is not None and parameter.type.name.text == "str"
    help_text = "a string stands in double quotes" if is_string else None
    return Diagnosed(
        *(
            replace(d, message=_not(parameter, d.span.text), help=help_text)
            if d.code in ("BSN201", "BSN203") and d.span is not None
            else d
            for d in mistake.diagnostics
        )
    )


def _not(parameter: ast.Parameter, written: str) -> str:
    assert parameter.type is not None
    return f"`{parameter.name.text}` must be {in_words(parameter.type)}, not `{written}`"


def read_budget(text: str, allow_extern: bool = False) -> Budget:
    """`cost=bound`, the bound as in a spec: `flops=30M`, `flops=20% of max`. Raises Diagnosed (BSN004)."""
    option = f"--budget {text}"
    cost, equals, bound = _split_budget(text)
    if not equals or not cost.strip() or not bound.strip() or cost[-1] in "<>=":
        message = "`--budget` takes `cost=bound`, an upper bound"
        raise _bad_option(option, message, "for example `--budget flops=30M`")
    try:
        return budget_of(parse_budget(Source("--budget", f"budget {cost} <= {bound.strip()}")), allow_extern)
    except Diagnosed as mistake:
        raise _as_option_mistake(mistake) from None


def _split_budget(text: str) -> tuple[str, str, str]:
    """Split at the last `=` outside parentheses, `<=` allowed: `flops(count = veniat2018)=30M`."""
    depth, at = 0, -1
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "=" and depth == 0:
            at = i
    if at < 0:
        return text, "", ""
    return text[:at].rstrip().removesuffix("<").rstrip(), "=", text[at + 1 :]


def override_entries(section: Sequence[ast.Entry], overrides: Sequence[ast.Entry]) -> list[ast.Entry]:
    """The entries of a section with those of `--set` in place of, or after, its own; the last `--set` wins."""
    last = {entry.key.text: entry for entry in overrides}
    return [entry for entry in section if entry.key.text not in last] + list(last.values())
