"""Scopes, blocks, and the rule that one mistake is one error."""

from __future__ import annotations

import pytest

from tests.sema.support import around, diagnostics, errors, graph


@pytest.mark.parametrize(
    "body",
    [
        "let a = 1 let b = a + 1 node h[b]",
        "for i in 0..2 { let a = i } for i in 0..2 { let a = i }",
        "if true { let a = 1 } else { let a = 2 } let a = 3",
        "let c = 3 block unit(c) = conv(c, 3) node h edge image -> h : unit(c) | conv(c, 1)",
        "block unit(c, d = c * 2) = conv(d, 3) node h edge image -> h : unit(4)",
        "block relu6 = relu block relu7 = relu6 | relu6 node h edge image -> h : relu7",
        "let f = relu | relu node h edge image -> h : f | f",
        "block twice(m) = m | m node h edge image -> h : twice(relu)",
        "let ends = [image, logits] node h edge ends[0] -> h : relu",
        "for i in 0..3, j in i..3 { let k = i + j }",
    ],
)
def test_what_is_allowed(body: str) -> None:
    assert errors(around(body)) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("let a = b let b = 1", ["BSN201 b"]),
        ("for i in 0..2 { let a = 1 } let c = a", ["BSN201 a"]),
        ("if true { let a = 1 } let c = a", ["BSN201 a"]),
        ("let c = i for i in 0..2 { node h[3] }", ["BSN201 i", "BSN202 h"]),
        ("block a = conv(late, 3) let late = 4 node h edge image -> h : a", ["BSN201 late"]),
        ("block a = a", ["BSN201 a"]),
        ("let a = 1 let a = 2", ["BSN202 a"]),
        ("let a = 1 for a in 0..2 { node h[3] }", ["BSN202 a"]),
        ("let a = 1; if true { let a = 2 }", ["BSN202 a"]),
        ("node image", ["BSN202 image"]),
        ("block a(c, c) = relu", ["BSN202 c"]),
        ("for i in 0..2, i in 0..2 { node h[3] }", ["BSN202 i"]),
        ("block a(c) = conv(c, 3) node h edge image -> h : a", ["BSN204 a"]),
        ("block a(c) = conv(c, 3) node h edge image -> h : a(1, 2)", ["BSN205 2"]),
        ("block a(c) = conv(c, 3) node h edge image -> h : a(d = 1)", ["BSN205 d"]),
        ("let a = 3 node h edge image -> h : a(1)", ["BSN206 a"]),
        ("block a = conv(x, 3) | nope", ["BSN201 x", "BSN203 nope"]),
        ("block a(c) = conv(c, 3) | nope", ["BSN203 nope"]),
        ("for i in 0..2 { block a(c) = conv(c, 3) | nope }", ["BSN203 nope"]),
    ],
)
def test_what_is_not(body: str, expected: list[str]) -> None:
    assert errors(around(body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("let a = 1 / 0 let b = a + 1 node h[b] edge image -> h[b - 1] : conv(a, 3)", ["BSN209 1 / 0"]),
        ("node h[0] edge image -> h[0] : relu edge h[0] -> logits : relu", ["BSN209 0"]),
        ("block a = nope node h edge image -> h : a edge h -> h : a | a", ["BSN203 nope"]),
        ("for i in 0..5 { edge image -> missing : relu }", ["BSN201 missing"]),
        ("edge image -> missing : relu edge missing -> logits : relu", ["BSN201 missing"]),
        ("for i in 0..(1 / 0) { edge image -> logits : nope }", ["BSN209 1 / 0"]),
        ("if nope { edge image -> logits : nope2 }", ["BSN201 nope"]),
        ("let n = 2.5 node h[n] for i in 0..n { edge image -> h[i] : relu }", ["BSN206 n"]),
        ("let a = 1 let a = nope edge image -> logits : conv(a, 3)", ["BSN201 nope"]),
        (
            "for i in 0..2 { edge image -> logits : conv(j, 3) | nope }  let x = 1 / 0",
            ["BSN201 j", "BSN203 nope", "BSN209 1 / 0"],
        ),
        (
            "edge nowhere -> neither : conv(x, y, z = 3) | nope",
            ["BSN201 nowhere", "BSN201 neither", "BSN205 z", "BSN203 nope"],
        ),
        ("edge image -> logits : conv(8, x, stride = y)", ["BSN201 x", "BSN201 y"]),
    ],
)
def test_one_mistake_is_one_error(body: str, expected: list[str]) -> None:
    assert errors(around(body)) == expected


def test_a_mistake_in_a_wrong_parameter_is_reported_once() -> None:
    text = "network n(a: int = 1.5) { input x: float[a] output y: float[a] node h[a] edge x -> y : linear(a) }"
    assert errors(text) == ["BSN206 1.5"]


def test_a_parameter_may_use_those_before_it() -> None:
    text = "network n(a: int = 4, b: int = a * 2) { input x: float[b] output y: float[8] edge x -> y : relu }"
    assert graph(text).input.shape == (8,)


def test_unknown_names_show_all_their_uses() -> None:
    (found,) = diagnostics(around("edge image -> q : relu edge q -> logits : relu edge q -> q : relu"))
    assert [label.text for label in found.labels] == ["and here"] * 3
    assert {label.span.text for label in found.labels} == {"q"}


def test_loops_tell_the_values_of_their_variables() -> None:
    (found,) = diagnostics(around("node h[3] for i in 0..3, j in [7, 9] { edge h[i + j] -> logits : relu }"))
    assert found.span is not None and found.span.text == "i + j"
    assert "i = 0, j = 7" in found.notes[0]


def test_values_of_finished_loops_are_forgotten() -> None:
    found = diagnostics(around("for i in 0..2, j in 0..nope { node x[3] }\nedge image -> logits : conv(8, 3, 0)"))
    assert [d.code for d in found] == ["BSN201", "BSN209"]
    assert found[1].notes == ()


def test_a_set_parameter_is_named_as_the_cause() -> None:
    from tests.sema.support import analysed

    text = "network n(c: int = 8) { input x: float[3] output y: float[3] edge x -> y : linear(c) }"
    (found,) = analysed(text, ("c=0",)).diagnostics
    assert found.code == "BSN209"
    assert [label.text for label in found.labels] == ["set to 0 from outside"]


def test_diagnostics_stand_in_the_order_of_the_text() -> None:
    text = f"train {{ epoch = 1 }} {around('let a = 1 / 0  edge image -> logits : nope')} budget flop <= 3"
    assert errors(text) == ["BSN210 epoch", "BSN209 1 / 0", "BSN203 nope", "BSN212 flop"]
