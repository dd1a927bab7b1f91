"""Diagnostics as text: carets under the right characters, whatever stands in the line."""

from __future__ import annotations

import pytest

from bsnc.diagnostics import (
    Diagnostic,
    Label,
    Source,
    SourceSpan,
    error_in_short,
    render_concise,
    render_full,
    render_json,
)


def at(text: str, marked: str, name: str = "a.bsn") -> SourceSpan:
    start = text.index(marked)
    return SourceSpan(Source(name, text), start, start + len(marked))


def test_full() -> None:
    text = "node a\nedge a -> b : relu\n"
    diagnostic = Diagnostic(
        "BSN201",
        "no name `b` is visible here",
        at(text, "b"),
        caption="this one",
        labels=(Label(at(text, "node a"), "other nodes"),),
        notes=("a note",),
        help="did you mean `a`?",
    )
    assert render_full(diagnostic) == (
        "error[BSN201]: no name `b` is visible here\n"
        " --> a.bsn:2:11\n"
        "  |\n"
        "2 | edge a -> b : relu\n"
        "  |           ^ this one\n"
        "  |\n"
        "1 | node a\n"
        "  | ------ other nodes\n"
        "  = note: a note\n"
        "  = help: did you mean `a`?"
    )


def test_a_second_mark_on_a_line_shares_its_excerpt() -> None:
    text = "conv(8, 3, channels = 4)"
    labels = (Label(at(text, "8"), "first given here"),)
    lines = render_full(Diagnostic("BSN205", "twice", at(text, "channels"), labels=labels)).splitlines()
    assert lines[-3:] == [f"1 | {text}", "  |            ^^^^^^^^", "  |      - first given here"]


def test_without_a_place_the_subject_stands_there() -> None:
    diagnostic = Diagnostic("BSN001", "cannot read the file", subject="missing.bsn")
    assert render_full(diagnostic) == "error[BSN001]: cannot read the file\n --> missing.bsn"
    assert render_concise(diagnostic) == "missing.bsn: error[BSN001] cannot read the file"


def test_concise_is_one_line() -> None:
    diagnostic = Diagnostic("BSN307", "never used", at("let a = 1\nlet b = 2", "b"), help="remove it")
    assert render_concise(diagnostic) == "a.bsn:2:5: warning[BSN307] never used"


@pytest.mark.parametrize(
    ("text", "marked", "shown", "underline"),
    [
        ("\tx", "x", "    x", "    ^"),
        ("結果 = x", "x", "結果 = x", "       ^"),
        ("結果 = x", "結果", "結果 = x", "^^^^"),
        ("e\u0301 = x", "x", "e\u0301 = x", "    ^"),
        ("a\x1b[31m x", "x", "a\N{REPLACEMENT CHARACTER}[31m x", "       ^"),
    ],
    ids=["tab", "wide before", "wide under", "combining", "escape sequence"],
)
def test_columns_on_a_terminal(text: str, marked: str, shown: str, underline: str) -> None:
    lines = render_full(Diagnostic("BSN101", "m", at(text, marked))).splitlines()
    assert lines[-2:] == [f"1 | {shown}", f"  | {underline}"]


def test_a_long_line_is_cut_around_the_mark() -> None:
    text = "a" * 5_000 + "XYZ" + "b" * 5_000
    excerpt, underline = render_full(Diagnostic("BSN101", "m", at(text, "XYZ"))).splitlines()[-2:]
    assert len(excerpt) < 200
    assert excerpt[underline.index("^") : underline.rindex("^") + 1] == "XYZ"


def test_a_long_message_is_cut() -> None:
    assert len(render_full(Diagnostic("BSN101", "x" * 100_000, at("a", "a")))) < 1_000


def test_a_mark_over_several_lines_shows_the_first() -> None:
    text = "edge a -> b :\n  relu"
    lines = render_full(Diagnostic("BSN215", "m", at(text, text))).splitlines()
    assert lines[-2:] == ["1 | edge a -> b :", "  | ^^^^^^^^^^^^^"]


def test_colour_only_adds_escapes() -> None:
    import re

    diagnostic = Diagnostic("BSN101", "m", at("a b", "b"), help="h")
    coloured = render_full(diagnostic, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render_full(diagnostic)


def test_json_has_the_documented_keys() -> None:
    import json

    (entry,) = json.loads(render_json([Diagnostic("BSN307", "m", at("let b", "b"), help="h")]))
    assert entry == {
        "code": "BSN307",
        "severity": "warning",
        "file": "a.bsn",
        "line": 1,
        "column": 5,
        "end_line": 1,
        "end_column": 6,
        "message": "m",
        "help": "h",
    }


def test_a_message_cannot_drive_the_terminal() -> None:
    diagnostic = Diagnostic("BSN218", "fails: \x1b[2Jgone\x07\ttab")
    for text in (render_full(diagnostic), render_concise(diagnostic)):
        assert "fails: \N{REPLACEMENT CHARACTER}[2Jgone\N{REPLACEMENT CHARACTER}    tab" in text


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (ValueError("no such device"), "ValueError: no such device"),
        (ValueError("\n\n  first \nsecond"), "ValueError: first "),
        (ValueError(""), "ValueError"),
        (ValueError("  \n"), "ValueError"),
        (MuteError(), "MuteError"),
    ],
)
def test_errors_of_the_users_code_take_one_line_whatever_they_say(error: Exception, short: str) -> None:
    assert error_in_short(error) == short
