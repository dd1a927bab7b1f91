"""Entries of sections that are right and do nothing: beside others they have no effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bsnc.diagnostics import Diagnostic
from bsnc.ir import DataConfig, Frozen, SearchConfig, TrainConfig
from bsnc.syntax import ast

JOINT_KEYS = ("split", "gate_lr", "warmup", "tighten", "entropy", "freeze")
STAGED_KEYS = ("strategy", "evaluations", "held_out")
GATE_KEYS = ("estimator", "explore", "lambda")
FINAL_KEYS = ("ema", "keep", "distill")
Entries = Mapping[str, Sequence[ast.Entry]]


def idle_entries(sections: Mapping[str, Frozen], entries: Entries, has_gates: bool) -> list[Diagnostic]:
    """BSN406 at entries without effect, BSN405 where the warm-up leaves no epoch in which gates learn. `entries` are
    those of each section, from the spec and from outside."""
    search, train, data = sections["search"], sections["train"], sections["data"]
    assert isinstance(search, SearchConfig) and isinstance(train, TrainConfig) and isinstance(data, DataConfig)
    keyed = {name: {entry.key.text: entry for entry in listed} for name, listed in entries.items()}
    found = [
        *(_idle(entry, _why_idle_search(key, search)) for key, entry in keyed["search"].items()),
        *(_idle(entry, _why_idle_train(key, train, data)) for key, entry in keyed["train"].items()),
        *(_idle(entry, _why_idle_data(key, data)) for key, entry in keyed["data"].items()),
    ]
    idle = [diagnostic for diagnostic in found if diagnostic is not None]
    if not has_gates or search.mode == "staged" or search.warmup < train.epochs:
        return idle
    place = keyed["search"].get("warmup") or keyed["train"].get("epochs")
    return [*idle, _no_epoch_to_learn(search.warmup, train.epochs, place)]


def _no_epoch_to_learn(warmup: int, epochs: int, place: ast.Entry | None) -> Diagnostic:
    message = f"gates do not learn: the warm-up of {warmup} epochs leaves none of the {epochs} of the search"
    help_text = "raise `train.epochs`, or lower `search.warmup`"
    where = (place.span, None) if place else (None, "section search")
    return Diagnostic("BSN405", message, *where, help=help_text)


def _why_idle_search(key: str, search: SearchConfig) -> tuple[str, str] | None:
    """Why an entry of the search has no effect, and what to do; None where it has one."""
    help_text = "remove it, or change the mode or strategy of the search"
    if search.mode == "staged" and key in JOINT_KEYS:
        return "a staged search does not use it: it is for `mode = joint`", help_text
    if search.mode == "joint" and key in STAGED_KEYS:
        return "a joint search does not use it: it is for `mode = staged`", help_text
    if search.mode == "staged" and search.strategy != "policy_gradient" and key in GATE_KEYS:
        return f"`strategy = {search.strategy}` has no gates that learn", help_text
    return None


def _why_idle_train(key: str, train: TrainConfig, data: DataConfig) -> tuple[str, str] | None:
    if key == "label_smoothing" and train.label_smoothing > 0 and data.target == "value":
        return "values have no labels to smooth", "remove it, or change `target` in section `data`"
    is_trained = train.fine_tune > 0 or "from_scratch" in (train.final, *train.compare)
    if key in FINAL_KEYS and not is_trained:
        why = "it is for the training of the final network, and `fine_tune = 0` leaves none"
        return why, "raise `fine_tune`, or remove it"
    return None


def _why_idle_data(key: str, data: DataConfig) -> tuple[str, str] | None:
    if key == "ignore" and data.target != "mask":
        return f"it is a label in masks, and `target = {data.target}`", "remove it, or say `target = mask`"
    return None


def _idle(entry: ast.Entry, why: tuple[str, str] | None) -> Diagnostic | None:
    if why is None:
        return None
    return Diagnostic("BSN406", f"`{entry.key.text}` has no effect: {why[0]}", entry.span, help=why[1])
