"""What expressions evaluate to, and which mistakes they report."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bsnc.diagnostics import Diagnosed, Source
from bsnc.sema.expressions.evaluate import Evaluator
from bsnc.sema.expressions.values import Quantity, Scope, Value
from bsnc.syntax import parse_expression


def value(text: str, **names: Value) -> Value:
    source = Source("e", text)
    scope = Scope()
    for name, bound in names.items():
        scope.declare(name, bound, parse_expression(source).span)
    return Evaluator().value(parse_expression(source), scope)


def mistake(text: str, **names: Value) -> str:
    """`code text-under-the-caret`."""
    with pytest.raises(Diagnosed) as caught:
        value(text, **names)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.span is not None
    return f"{diagnostic.code} {diagnostic.span.text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("6 / 3", 2),
        ("7 / 2", 3.5),
        ("2 ^ 10", 1024),
        ("2 ^ -1", 0.5),
        ("-2 ^ 2", -4),
        ("2 ^ 3 ^ 2", 512),
        ("1.5 * 2", 3.0),
        ("40M", 40_000_000),
        ("1.5G", 1_500_000_000),
        ("500k", 500_000),
        ("0.5k", 500),
        ("1.0001k", 1000.1),
        ("1_000", 1000),
        ("log2(32)", 5),
        ("log2(6)", math.log2(6)),
        ("log2(0.25)", -2.0),
        ("min(3, 1, 2)", 1),
        ("max([3, 1, 2])", 3),
        ("max(2..7)", 6),
        ("len([1, 2])", 2),
        ("len(3..7)", 4),
        ("len(7..3)", 0),
        ("[10, 20, 30][1]", 20),
        ("(5..9)[2]", 7),
        ("[1, 2] == [1, 2]", True),
        ("1 == 1.0", True),
        ('"a" == "a"', True),
        ("1 < 2 and not 2 <= 1", True),
        ("1 if 2 > 1 else 2", 1),
        ("1 if false else 2 if false else 3", 3),
        ("false and 1 / 0 == 1", False),
        ("true or 1 / 0 == 1", True),
        ("1 if true else 1 / 0", 1),
        ('"text"', "text"),
    ],
)
def test_values(text: str, expected: Value) -> None:
    found = value(text)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8MB", Quantity(8e6, "bytes")),
        ("2MiB", Quantity(2 * 2**20, "bytes")),
        ("40ms", Quantity(0.04, "seconds")),
        ("95%", Quantity(0.95, "share")),
        ("8MB + 2kB", Quantity(8_002_000, "bytes")),
        ("2 * 8MB", Quantity(16e6, "bytes")),
        ("8MB / 2", Quantity(4e6, "bytes")),
        ("2s - 500ms", Quantity(1.5, "seconds")),
    ],
)
def test_quantities(text: str, expected: Quantity) -> None:
    found = value(text)
    assert isinstance(found, Quantity) and found.dimension == expected.dimension
    assert found.value == pytest.approx(expected.value)


def test_quantities_of_a_dimension_compare() -> None:
    assert value("1MiB > 1MB") is True
    assert value("1000us <= 1ms") is True


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 / 0", "BSN209 1 / 0"),
        ("1 // 0", "BSN209 1 // 0"),
        ("1 % 0", "BSN209 1 % 0"),
        ("2 + 0 ^ -1", "BSN209 0 ^ -1"),
        ("(0 - 8) ^ 0.5", "BSN209 (0 - 8) ^ 0.5"),
        ("2 ^ 63", "BSN209 2 ^ 63"),
        ("2 ^ 62 * 2", "BSN209 2 ^ 62 * 2"),
        ("1e300 * 1e300", "BSN209 1e300 * 1e300"),
        ("10000000000000000000", "BSN209 10000000000000000000"),
        ("log2(0)", "BSN209 log2(0)"),
        ('1 + "a"', 'BSN206 1 + "a"'),
        ("1 + true", "BSN206 1 + true"),
        ("-true", "BSN206 -true"),
        ("not 1", "BSN206 1"),
        ("1 and true", "BSN206 1"),
        ("1 if 1 else 2", "BSN206 1"),
        ('1 == "a"', 'BSN206 1 == "a"'),
        ("1..2.5", "BSN206 2.5"),
        ('"a"[0]', 'BSN206 "a"'),
        ("[1][0.5]", "BSN206 0.5"),
        ("[1, 2][0, 1]", "BSN206 [1, 2][0, 1]"),
        ("[1, 2][2]", "BSN208 2"),
        ("[1, 2][-1]", "BSN208 -1"),
        ("[][0]", "BSN208 0"),
        ("len(3)", "BSN206 len(3)"),
        ("len()", "BSN204 len()"),
        ("log2(1, 2)", "BSN205 log2(1, 2)"),
        ("max()", "BSN204 max()"),
        ("max([])", "BSN204 max([])"),
        ("max(x = 1)", "BSN205 x"),
        ("8MB + 3", "BSN207 8MB + 3"),
        ("8MB + 3ms", "BSN207 8MB + 3ms"),
        ("8MB < 3", "BSN207 8MB < 3"),
        ("8MB * 8MB", "BSN207 8MB * 8MB"),
        ("nowhere + 1", "BSN201 nowhere"),
        ("max + 1", "BSN206 max"),
        ("nowhere(1)", "BSN203 nowhere"),
    ],
)
def test_mistakes(text: str, code: str) -> None:
    assert mistake(text) == code


def test_several_independent_mistakes_in_one_expression() -> None:
    with pytest.raises(Diagnosed) as caught:
        value("[1 / 0, a, conv(b, 3) | nope]")
    assert [d.code for d in caught.value.diagnostics] == ["BSN209", "BSN201", "BSN201", "BSN203"]


numbers = st.integers(-50, 50)


def longer(below: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions that Python and the language both know, fully parenthesised, made of shorter ones."""
    arithmetic = st.sampled_from(["+", "-", "*", "//", "%", "/"])
    comparison = st.sampled_from(["<", "<=", "==", "!=", ">", ">="])
    return st.one_of(
        st.builds("({} {} {})".format, below, arithmetic, below),
        st.builds("({} if {} {} {} else {})".format, below, below, comparison, below, below),
        st.builds("({} if not {} {} {} and true else {})".format, below, below, comparison, below, below),
        st.builds("(-{})".format, below),
        st.lists(below, min_size=1, max_size=3).map(lambda parts: f"max([{', '.join(parts)}])"),
    )


trees = st.recursive(numbers.map("({})".format), longer, max_leaves=8)


@given(trees)
@settings(max_examples=200, deadline=None)
def test_arithmetic_is_that_of_python(text: str) -> None:
    """Where Python divides by zero or leaves 2^63, the language says so; elsewhere both agree."""
    try:
        expected = eval(text, {"__builtins__": {}, "max": max, "true": True})
    except ZeroDivisionError:
        with pytest.raises(Diagnosed) as caught:
            value(text)
        assert {d.code for d in caught.value.diagnostics} == {"BSN209"}
        return
    assume(abs(expected) < 2**62)
    try:
        found = value(text)
    except Diagnosed as problem:
        assert {d.code for d in problem.diagnostics} == {"BSN209"}
        return
    assert found == pytest.approx(expected, rel=1e-12)


@given(st.integers(0, 2**62), st.integers(0, 2**62), st.sampled_from(["+", "-", "*", "//", "%"]))
def test_integers_are_exact_or_refused(left: int, right: int, operator: str) -> None:
    assume(right != 0 or operator not in ("//", "%"))
    exact = {"+": left + right, "-": left - right, "*": left * right}
    exact |= {"//": left // right, "%": left % right} if right else {}
    text = f"{left} {operator} {right}"
    if abs(exact[operator]) < 2**63:
        assert value(text) == exact[operator]
    else:
        assert mistake(text).startswith("BSN209")


@given(st.floats(0.001, 1000), st.sampled_from(["k", "M", "G", "T"]))
def test_units_multiply(number: float, unit: str) -> None:
    factor = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}[unit]
    assert value(f"{number:.3f}{unit}") == pytest.approx(float(f"{number:.3f}") * factor)


@given(st.text(alphabet='+-*/%^()[]|.,=<> 019aifelsnot"#{}', max_size=30))
@settings(max_examples=500, deadline=None)
def test_any_text_has_a_value_or_a_diagnosis(text: str) -> None:
    try:
        value(text, a=3, n=[1, 2])
    except Diagnosed as problem:
        assert all(d.code.startswith(("BSN1", "BSN2")) for d in problem.diagnostics)
