"""Hostile and absurd specs: an answer within bounded time and memory, and never an exception."""

from __future__ import annotations

import time

import pytest

from bsnc.diagnostics import Source, render_full
from bsnc.sema import analyse
from tests.sema.support import HEAD, around

SECONDS = 10
"""Of processor time, on a machine that does much else; two where it does not."""


def blocks(count: int, first: str, step: str) -> str:
    """`count` blocks, each made of the one before, which `step` spells `{}`."""
    lines = [f"block b0 = {first}", *(f"block b{i} = {step.format(f'b{i - 1}')}" for i in range(1, count))]
    return "\n".join(lines) + f"\nedge image -> logits : b{count - 1}"


def lets(count: int, first: str, step: str) -> str:
    return "\n".join([f"let a0 = {first}", *(f"let a{i} = {step.format(f'a{i - 1}')}" for i in range(1, count))])


TOO_LARGE = {
    "10 000 parentheses": around(f"let x = {'(' * 10_000}1{')' * 10_000}"),
    "10 000 lists": around(f"let x = {'[' * 10_000}{']' * 10_000}"),
    "10 000 ifs": around("if true {" * 10_000 + "}" * 10_000),
    "5 000 else ifs": around("if false { }" + " else if false { }" * 5_000),
    "10 000 terms": around("let x = " + " + ".join(["1"] * 10_000)),
    "10 000 powers": around("let x = " + "^".join(["1"] * 10_000)),
    "10 000 minus signs": around(f"let x = {'-' * 10_000}1"),
    "10 000 nots": around(f"let x = {'not ' * 10_000}true"),
    "10 000 conditionals": around(f"let x = {'1 if false else ' * 10_000}1"),
    "10 000 indices": around(f"let x = [1]{'[0]' * 10_000}"),
    "a million words on a line": around("let x = " + "1 + " * 240_000),
    "2 000 000 characters": "#" + "x" * 2_000_000,
}
LIMITS = {
    "10 000 stages": around(f"edge image -> logits : {' | '.join(['relu'] * 10_000)}"),
    "a loop of 10^12": around("for i in 0..10^12 { let x = i }"),
    "an empty loop of 10^12": around("for i in 0..10^12 { }"),
    "loops in loops": around("for i in 0..10^6, j in 0..10^6, k in 0..10^6 { }"),
    "a loop of loops of nothing": around("for i in 0..10^12, j in 0..0 { }"),
    "exponential blocks": around(blocks(60, "relu", "{0} | {0}")),
    "a chain of 3 000 blocks": around(blocks(3_000, "relu", "{0}")),
    "10^18 nodes": around("node h[10^6, 10^6, 10^6]"),
    "a list of 10^12": around("let used = w").replace("net()", "net(w: list[int] = 0..10^12)"),
    "10^54 elements": "network n() { input a: float[10^18, 10^18, 10^18] output b: float[10] edge a -> b : flatten }",
    "10^18 channels": around("node h edge image -> h : conv(10^18, 3) edge h -> logits : flatten | linear(10)"),
}
OUT_OF_RANGE = {
    "2^10^6": around("let x = 2^10^6"),
    "a huge exponent": around("let x = 1.0000001^(10^18)"),
    "a tiny base": around("let x = 0.5^-2000"),
    "products": around(lets(200, "2", "{0} * {0}")),
    "an infinite product": around("let x = 1e300 * 1e300"),
    "an infinite literal": around("let x = 1e300T"),
    "a range too long to count": around("let x = len(0 - 2^62..2^62)"),
}
OTHERS = {
    "exponential arguments": (around(blocks(60, "relu", "relu if len([{0}, {0}]) == 2 else relu")), ["BSN215"]),
    "10 000 brackets never closed": ("(" * 10_000, ["BSN101"]),
    "a number of 100 000 digits": (around(f"let x = {'1' * 100_000}"), ["BSN102"]),
    "a name of 100 000 letters": (around(f"let x = {'y' * 100_000}"), ["BSN201"]),
    "a block in itself": (around("block b(n) = b(n)\nedge image -> logits : b(1)"), ["BSN201"]),
    "blocks in each other": (around("block a = b\nblock b = a\nedge image -> logits : b"), ["BSN201"]),
    "equal lists of lists": (around(lets(60, "[1, 1]", "[{0}, {0}]") + "\nlet z = a59 == [a58]"), ["BSN206"]),
    "a list of lists in a message": (
        around(lets(60, "[1, 1]", "[{0}, {0}]") + "\nfor x in a59 { edge image -> image : x }"),
        ["BSN206"],
    ),
    "the same mistake 10^5 times": (around("for i in 0..10^5 { edge image -> q : relu }"), ["BSN201"]),
    "the same node 10^5 times": (around("for i in 0..10^5 { node h }"), ["BSN202"]),
    "10 000 mistakes": (
        around("\n".join(f"let x{i} = y{i}" for i in range(10_000))),
        [*["BSN201"] * 100, "BSN213"],
    ),
    "1 000 networks": ("network a() { }\n" * 1_000, ["BSN302", *["BSN202"] * 100, "BSN213"]),
    "a cycle of 20 000 edges": (
        around("node h[20000]\nfor i in 0..20000 { edge h[i] -> h[(i + 1) % 20000] : relu }"),
        ["BSN301"],
    ),
}
CASES = [
    *((name, text, ["BSN103"]) for name, text in TOO_LARGE.items()),
    *((name, text, ["BSN213"]) for name, text in LIMITS.items()),
    *((name, text, ["BSN209"]) for name, text in OUT_OF_RANGE.items()),
    *((name, text, codes) for name, (text, codes) in OTHERS.items()),
]


@pytest.mark.parametrize(("text", "codes"), [pytest.param(t, c, id=n) for n, t, c in CASES])
def test_absurd_specs_are_refused_in_time(text: str, codes: list[str]) -> None:
    started = time.process_time()
    analysis = analyse(Source("t.bsn", text))
    shown = [render_full(diagnostic) for diagnostic in analysis.diagnostics]
    assert time.process_time() - started < SECONDS
    assert [d.code for d in analysis.diagnostics if d.severity == "error"] == codes
    assert all(len(text) < 5_000 for text in shown)


LARGE_BUT_FINE = {
    "99 parentheses": around(f"let x = {'(' * 90}1{')' * 90}"),
    "90 nested ifs": around("if true {" * 90 + "}" * 90),
    "150 terms": around("let x = " + " + ".join(["1"] * 150)),
    "the extremes of a huge range": around("let x = max(0..10^12) + min(0..10^12) + len(0..10^12) + (0..10^12)[7]"),
    "a chain of 2 000 nodes": (
        "network n() { input a: float[3] output b: float[3]\nnode h[2000]\nedge a -> h[0] : relu\n"
        "for i in 1..2000 { edge h[i-1] -> h[i] : relu }\nedge h[1999] -> b : relu }"
    ),
    "80 blocks in one another": around(blocks(80, "flatten | linear(10)", "{0}")),
    "900 stages": around("edge image -> logits : " + "relu | " * 897 + "flatten | linear(10)"),
}


@pytest.mark.parametrize("text", LARGE_BUT_FINE.values(), ids=LARGE_BUT_FINE.keys())
def test_large_specs_are_accepted(text: str) -> None:
    analysis = analyse(Source("t.bsn", text))
    assert [d.message for d in analysis.diagnostics if d.severity == "error"] == []
    assert analysis.program is not None


@pytest.mark.parametrize("character", ["\ufeff", "\u00a0", "\u200b", "\u202e", "\x0b", "\x1b", "@", "🦀", "$"])
def test_stray_characters_are_named(character: str) -> None:
    (diagnostic,) = analyse(Source("t.bsn", around(f"let x = 1{character}"))).diagnostics
    assert diagnostic.code == "BSN101"
    assert diagnostic.span is not None and diagnostic.span.text == character
    assert (f"`{character}`" if character.isprintable() else "U+") in diagnostic.message


@pytest.mark.parametrize("blank", ["\t", "\f", "  ", "\r", "\r\n", "\n\n"])
def test_any_blank_separates(blank: str) -> None:
    text = around("node h\nedge image -> h : relu\nedge h -> logits : flatten | linear(10)")
    assert analyse(Source("t.bsn", text.replace(" ", f" {blank}"))).program is not None


def test_deep_recursion_of_the_caller_does_not_matter() -> None:
    """The limits of the language are met first, however deep the stack already is."""

    def nested(depth: int) -> list[str]:
        if depth:
            return nested(depth - 1)
        text = around("if true {" * 40 + "let x = " + " + ".join(["1"] * 100) + "}" * 40)
        return [d.code for d in analyse(Source("t.bsn", text)).diagnostics]

    assert nested(0) == nested(700) == ["BSN307"]


def test_head_is_what_the_cases_assume() -> None:
    assert [d.code for d in analyse(Source("t.bsn", HEAD + "}")).diagnostics] == ["BSN303"]
