"""The table of codes, exit statuses and suggestions."""

from __future__ import annotations

import re

import pytest

from bsnc.diagnostics import CODES, Diagnostic, did_you_mean, exit_status


def test_codes_are_sorted_and_explained() -> None:
    assert list(CODES) == sorted(CODES)
    for code, entry in CODES.items():
        assert re.fullmatch(r"BSN\d{3}", code)
        assert entry.title and entry.title[-1] != "."
        assert entry.explanation.endswith(".")


def test_an_unknown_code_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Diagnostic("BSN000", "m")


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ([], 0),
        (["BSN307"], 0),
        (["BSN307", "BSN101"], 1),
        (["BSN101", "BSN001"], 2),
        (["BSN004"], 2),
    ],
)
def test_exit_status(codes: list[str], status: int) -> None:
    assert exit_status([Diagnostic(code, "m") for code in codes]) == status


@pytest.mark.parametrize(
    ("name", "known", "help_text"),
    [
        ("chanels", ["channels", "classes"], "did you mean `channels`?"),
        ("MB", ["kB", "mb"], "did you mean `mb`?"),
        ("convolution", ["relu", "conv"], "did you mean `conv`?"),
        ("xyz", ["relu", "conv"], "one of `conv`, `relu`"),
        ("xyz", ["relu"], "only `relu` is known here"),
        ("xyz", [], None),
        ("xyz", [f"name{i}" for i in range(20)], None),
    ],
)
def test_suggestions(name: str, known: list[str], help_text: str | None) -> None:
    assert did_you_mean(name, known) == help_text


def test_suggestions_are_fast_among_very_many_names() -> None:
    import time

    started = time.process_time()
    did_you_mean("h[3,4]->h[4,5]x", [f"h[{i},{j}]->h[{i + 1},{j}]" for i in range(1_000) for j in range(100)])
    assert time.process_time() - started < 2
