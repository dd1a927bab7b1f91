"""Functions of the user's own are found beside the spec, and only where that is allowed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bsnc.diagnostics import Diagnosed
from bsnc.driver.check import check_spec
from bsnc.driver.given import CostFunction, cost_functions, given_of
from bsnc.driver.ranges import known_costs
from bsnc.ir import CostKey, every_cost
from bsnc.sema import Overrides
from tests.sema.support import around

MODULE = """from pathlib import Path

Path(__file__).with_name("imported").touch()
TABLE = {}


class Board:
    @staticmethod
    def energy(graph):
        return 2.5 * len(graph.edges)


def edges(graph):
    return len(graph.edges)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my_own_costs.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "my_broken_costs.py").write_text("raise RuntimeError('not\\nhere')", encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_own_costs", raising=False)
    return tmp_path


def functions(folder: Path, *targets: str, allowed: bool = True, outside: str = "") -> dict[str, CostFunction]:
    (folder / "imported").unlink(missing_ok=True)
    spec = folder / "net.bsn"
    spec.write_text(around("") + "".join(f'budget extern "{target}" <= 3\n' for target in targets), encoding="utf-8")
    budgets = (f'extern "{outside}"=3',) if outside else ()
    analysis = check_spec(spec, Overrides(budgets=budgets, allow_extern=True))
    assert analysis.program is not None, analysis.diagnostics
    assert not (folder / "imported").exists()
    return cost_functions(analysis.program, analysis, allowed)


def mistakes(folder: Path, *targets: str, allowed: bool = True, outside: str = "") -> list[tuple[str, str, str]]:
    with pytest.raises(Diagnosed) as raised:
        functions(folder, *targets, allowed=allowed, outside=outside)
    found = raised.value.diagnostics
    return [(d.code, d.span.text if d.span else d.subject or "", d.message) for d in found]


def test_functions_are_found(folder: Path) -> None:
    found = functions(folder, "my_own_costs:edges", outside="my_own_costs:Board.energy")
    spec = check_spec(folder / "net.bsn", Overrides(allow_extern=True))
    assert spec.program is not None
    assert {name: call(spec.program.graph) for name, call in found.items()} == {
        "my_own_costs:edges": 1,
        "my_own_costs:Board.energy": 2.5,
    }


def test_no_code_runs_where_it_may_not(folder: Path) -> None:
    target = "my_own_costs:edges"
    assert mistakes(folder, target, allowed=False) == [
        ("BSN217", f'budget extern "{target}" <= 3', "a cost of one's own is not allowed")
    ]
    assert not (folder / "imported").exists()


def test_without_such_budgets_there_is_nothing_to_allow(folder: Path) -> None:
    assert functions(folder, allowed=False) == {}


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_costs:f", "cannot be imported: ModuleNotFoundError: No module named 'no_such_costs'"),
        ("my_own_costs:edge", "cannot be imported: AttributeError: module 'my_own_costs' has no attribute 'edge'"),
        ("my_broken_costs:f", "cannot be imported: RuntimeError: not"),
        ("my_own_costs:TABLE", "is an object of type dict, not a function"),
    ],
)
def test_what_cannot_be_used_is_said_at_the_budget(folder: Path, target: str, reason: str) -> None:
    expected = ("BSN218", f'budget extern "{target}" <= 3', f"`{target}` {reason}")
    assert mistakes(folder, "my_own_costs:edges", target) == [expected]
    outside = ("BSN218", f'--budget extern "{target}"', f"`{target}` {reason}")
    assert mistakes(folder, outside=target) == [outside]


def test_every_mistake_is_reported_at_once(folder: Path) -> None:
    assert len(mistakes(folder, "no_such_costs:f", "my_own_costs:edges", "my_own_costs:edge")) == 2


def test_costs_of_a_program_are_all_that_can_be_told(folder: Path) -> None:
    text = 'budget params <= 9\nbudget latency <= 3ms\nbudget extern "my_own_costs:edges" <= 3\n'
    (folder / "net.bsn").write_text(around("") + text, encoding="utf-8")
    analysis = check_spec(folder / "net.bsn", Overrides(allow_extern=True))
    assert analysis.program is not None, analysis.diagnostics
    own = CostKey(name="extern", options=(("function", "my_own_costs:edges"),))
    costs = known_costs(analysis.program, given_of(analysis.program, analysis, allow_extern=True))
    assert list(costs) == [*every_cost(), own]


def test_a_slow_function_says_so_now_and_then(folder: Path, bsnc, monkeypatch: pytest.MonkeyPatch) -> None:
    functions(folder, "my_own_costs:edges")
    assert "so far" not in bsnc("compile", "net.bsn", "--allow-extern", cwd=folder).stderr
    monkeypatch.setattr("bsnc.driver.given.PATIENCE", 0.0)
    said = bsnc("compile", "net.bsn", "--allow-extern", "--json", cwd=folder)
    assert "calls of `my_own_costs:edges` so far: 1, " in said.stderr
    assert "so far" not in said.stdout
