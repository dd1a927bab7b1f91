"""`bsnc verify`: a model file against a spec."""

from __future__ import annotations

import math
import shlex
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np

from bsnc.data import Dataset, load_data
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.driver.budgets import bounds_to_hold
from bsnc.driver.check import Loaded, load_program, with_data_below
from bsnc.driver.files import read_bytes
from bsnc.driver.given import given_of
from bsnc.driver.ship import deployment_of, examples_of
from bsnc.export import Bounds, Provenance, Verification, read_model, read_provenance, verify_model
from bsnc.ir import Program, as_bound, exactly, signature_of
from bsnc.sema import Overrides
from bsnc.train import hash_sources

RANDOM_EXAMPLES = 64


def verify_file(model_path: Path, spec: Path, overrides: Overrides) -> Verification:
    """Recount every budget of a spec from a model file and compare the two networks.

    The network and its parameters are those that the model was trained with, unless `overrides` say otherwise; budgets
    are those of the spec and of `overrides`, never those of the model. Raises Diagnosed for unreadable input.
    """
    model = read_model(model_path, read_bytes(model_path))
    provenance = read_provenance(model, model_path)
    program, analysis = _load(model_path, spec, overrides, provenance)
    program = with_data_below(program, spec)
    given = given_of(program, analysis, overrides.allow_extern)
    bounds = bounds_to_hold(program, analysis, given)
    dataset = cache(lambda: _dataset(program))
    result = verify_model(model_path, model, program, bounds, lambda: _examples(program, dataset()), given)
    if result.parity and provenance:
        known = dataset()
        found = [_not_compared(known)] if isinstance(known, Diagnosed) else _other_data(model_path, provenance, known)
        result.diagnostics += found
    if result.met and provenance:
        result.diagnostics += _less_strict(model_path, provenance, program, bounds)
    if result.met and provenance and provenance.spec_sha256 != hash_sources(analysis.sources):
        result.diagnostics.append(_other_text(model_path))
    return result


def _load(path: Path, spec: Path, overrides: Overrides, provenance: Provenance | None) -> Loaded:
    """The network that the model was trained from. Raises Diagnosed, BSN513 where the spec does not declare it."""
    try:
        return load_program(spec, _with_settings(overrides, provenance))
    except Diagnosed as mistake:
        first = mistake.diagnostics[0]
        if overrides.network or not provenance or first.subject != f"--network {provenance.network}":
            raise
        message = f"the model was trained from network `{provenance.network}`, which {spec.name} does not declare"
        raise Diagnosed(Diagnostic("BSN513", message, subject=str(path), help=first.help)) from None


def _with_settings(overrides: Overrides, provenance: Provenance | None) -> Overrides:
    """The model's own parameters first, so that options given by the user win."""
    recorded = provenance.settings if provenance else {}
    given = {text.partition("=")[0].strip() for text in overrides.settings}
    texts = [f"{name}={_spelled(value)}" for name, value in recorded.items() if name not in given]
    network = overrides.network or (provenance.network if provenance else None)
    return replace(overrides, settings=(*texts, *overrides.settings), network=network)


def _spelled(value: object) -> str:
    """A setting as an expression of the language."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_spelled(v) for v in value)}]"  # pyright: ignore[reportUnknownVariableType]
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _dataset(program: Program) -> Dataset | Diagnosed:
    """The spec's data, or why it cannot be read here."""
    try:
        return load_data(program.data, program.graph)
    except Diagnosed as mistake:
        return mistake


def _examples(program: Program, dataset: Dataset | Diagnosed) -> np.ndarray:
    """Real test examples where there are any, else normal noise of a fixed seed."""
    if isinstance(dataset, Dataset):
        return examples_of(dataset)
    shape = (RANDOM_EXAMPLES, *program.graph.input.shape)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def _not_compared(mistake: Diagnosed) -> Diagnostic:
    """BSN518: the data would have told more."""
    first = mistake.diagnostics[0]
    message = f"the data cannot be read here: {first.message}"
    note = "the two networks were compared on random inputs, labels and normalisation not at all"
    return Diagnostic("BSN518", message, subject=first.subject or "section data", notes=(note,), help=first.help)


def _less_strict(path: Path, provenance: Provenance, program: Program, bounds: Bounds) -> list[Diagnostic]:
    """BSN519 for budgets that the model was exported within, and that are not verified, or with a larger bound. A share
    of a latency that is measured is another on each machine."""
    held = {str(key): bound for key, bound in bounds}
    measured = [budget for budget in program.budgets if budget.cost.signature.source == "measured"]
    shares = {str(budget.cost) for budget in measured if budget.of_max}
    looser = [
        (name, bound)
        for name, bound in provenance.bounds.items()
        if name not in shares and held.get(name, math.inf) > bound
    ]
    if not looser:
        return []
    names = " and ".join(f"`{name}` of {exactly(bound, signature_of(name), unit=False)}" for name, bound in looser)
    message = f"the model was exported within {names}, to which it is not held here"
    budgets = [f"{name}={as_bound(bound, signature_of(name))}" for name, bound in looser]
    options = " ".join(f"--budget {shlex.quote(text)}" for text in budgets)
    return [Diagnostic("BSN519", message, subject=str(path), help=f"`{options}` holds it to that")]


def _other_text(path: Path) -> Diagnostic:
    message = "the spec's text is not the one that the model was trained from"
    note = "network, budgets and outputs hold all the same; how it was trained this spec may not say"
    return Diagnostic("BSN517", message, subject=str(path), notes=(note,))


def _other_data(path: Path, provenance: Provenance, dataset: Dataset) -> list[Diagnostic]:
    """BSN513 for labels and a normalisation that are not those of the spec's data: who uses the model believes them."""
    known = deployment_of(dataset, provenance.spec_sha256)
    names = [field.name for field in fields(known) if field.name != "spec_sha256"]
    wrong = [name for name in names if not _alike(getattr(provenance, name), getattr(known, name))]
    message = "`{}` in its metadata is not that of the spec's data"
    return [Diagnostic("BSN513", message.format(name), subject=str(path)) for name in wrong]


def _alike(claimed: object, known: object) -> bool:
    """Numbers may differ by rounding."""
    if not known or not isinstance(known, tuple) or not all(isinstance(number, float) for number in known):
        return claimed == known
    numbers, others = np.array(claimed, dtype=np.float64), np.array(known, dtype=np.float64)
    return numbers.shape == others.shape and np.allclose(numbers, others, rtol=1e-4)
