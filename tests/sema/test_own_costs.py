"""Budgets on costs of the user's own: what they mean, what is refused. None of the code runs."""

from __future__ import annotations

import pytest

from bsnc.diagnostics import Source
from bsnc.ir import Budget, CostKey, dump_program, every_cost, load_program
from bsnc.sema import Analysis, Overrides, analyse
from bsnc.syntax import ast, parse_budget
from tests.sema.support import around

TARGET = "no.such.package:cost"
KEY = CostKey(name="extern", options=(("function", TARGET),))


def no_probe(*_: object) -> None:
    raise AssertionError("no code runs")


def analysed(budgets: str, *from_outside: str, allowed: bool = True) -> Analysis:
    source = Source("t.bsn", around("") + budgets)
    return analyse(source, Overrides(budgets=from_outside), probe=no_probe if allowed else None)  # type: ignore[arg-type]


def found(analysis: Analysis) -> list[str]:
    return [f"{d.code} {d.span.text if d.span else ''}".rstrip() for d in analysis.diagnostics if d.severity == "error"]


@pytest.mark.parametrize(
    ("written", "budget"),
    [
        ("<= 30", Budget(cost=KEY, bound=30)),
        ("<= 2 * 1.5k", Budget(cost=KEY, bound=3000)),
        ("<= 30% of max", Budget(cost=KEY, bound=0.3, of_max=True)),
        ("<= 30%", Budget(cost=KEY, bound=0.3, of_max=True)),
    ],
)
def test_budgets_in_a_spec(written: str, budget: Budget) -> None:
    analysis = analysed(f'budget extern "{TARGET}" {written}')
    assert analysis.program is not None and analysis.program.budgets == (budget,)
    assert analysis.budget_spans[str(KEY)].text == f'budget extern "{TARGET}" {written}'


@pytest.mark.parametrize("text", [f'extern "{TARGET}"=30', f' extern  "{TARGET}" <= 30 ', f'extern "{TARGET}"<=30'])
def test_budgets_from_outside(text: str) -> None:
    analysis = analysed(f'budget extern "{TARGET}" <= 9', text)
    assert analysis.program is not None and analysis.program.budgets == (Budget(cost=KEY, bound=30),)
    assert not analysis.budget_spans


def test_functions_are_costs_apart_and_each_has_one_budget() -> None:
    analysis = analysed('budget extern "a:b" <= 1\nbudget extern "a:c" <= 1\nbudget extern "a:b" <= 2\n')
    assert found(analysis) == ['BSN202 budget extern "a:b" <= 2']
    assert '`extern "a:b"`' in analysis.diagnostics[0].message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('budget extern "foo" <= 3', 'BSN206 "foo"'),
        ('budget extern "a:b:c" <= 3', 'BSN206 "a:b:c"'),
        ('budget extern "" <= 3', 'BSN206 ""'),
        ('budget extern "a-b:c" <= 3', 'BSN206 "a-b:c"'),
        ('budget extern "a:b" <= 3MB', "BSN207 3MB"),
        ('budget extern "a:b" <= 3ms', "BSN207 3ms"),
        ('budget extern "a:b" <= 3 of max', "BSN207 3"),
        ('budget extern "a:b" <= 0', "BSN209 0"),
        ("budget externs <= 3", "BSN212 externs"),
        ("budget extern <= 3", "BSN101 <="),
        ('budget extern("a:b") <= 3', "BSN101 ("),
        ('budget extern "a:b"(3) <= 3', "BSN101 ("),
        ('budget "a:b" <= 3', 'BSN101 "a:b"'),
    ],
)
def test_mistakes(text: str, expected: str) -> None:
    assert found(analysed(text)) == [expected]


def test_it_is_refused_as_a_module_is_where_code_may_not_run() -> None:
    analysis = analysed(f'budget extern "{TARGET}" <= 3', allowed=False)
    assert found(analysis) == [f'BSN217 extern "{TARGET}"']
    assert "--allow-extern" in (analysis.diagnostics[0].help or "")
    outside = analysed("", f'extern "{TARGET}"=3', allowed=False)
    assert [(d.code, d.exit_status) for d in outside.diagnostics] == [("BSN004", 2)]
    assert "not allowed" in outside.diagnostics[0].message


@pytest.mark.parametrize(
    "text", ['extern "a"=3', 'extern "a(b"=3', 'extern "a=b"=3', "extern=3", 'extern "a:b"=', 'extern "a:b=3']
)
def test_budgets_from_outside_that_are_refused(text: str) -> None:
    analysis = analysed("", text)
    assert analysis.program is None
    assert [(d.code, d.exit_status) for d in analysis.diagnostics] == [("BSN004", 2)]


def test_the_text_of_a_key_is_that_of_a_spec() -> None:
    budget = parse_budget(Source("t.bsn", f"budget {KEY} <= 3"))
    assert isinstance(budget.cost, ast.ExternCost) and budget.cost.target.value == TARGET
    assert str(KEY) == f'extern "{TARGET}"' == budget.cost.span.text
    assert str(Budget(cost=KEY, bound=3)) == f'extern "{TARGET}" <= 3'


def test_it_is_never_known_without_asking() -> None:
    signature = KEY.signature
    assert (signature.dimension, signature.unit, signature.source) == ("count", "units", "code")
    assert not signature.always_known and not any(key.name == "extern" for key in every_cost())


def test_programs_hold_it() -> None:
    program = analysed(f'budget extern "{TARGET}" <= 3').program
    assert program is not None and load_program(dump_program(program)) == program


@pytest.mark.parametrize(
    "options",
    [(), (("function", "foo"),), (("function", "a:b"), ("function", "a:c")), (("name", "a:b"),)],
)
def test_keys_without_one_function_are_refused(options: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="cost extern"):
        CostKey(name="extern", options=options)
