"""Rows of the certificate: recounted, measured with an interval, and called."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from bsnc.cost import Given
from bsnc.export import BudgetRow, LatencyMeasurement, Verification, verify_model
from bsnc.export import amount as amounts
from bsnc.ir import CostKey, Graph
from tests.laws.exports import Exported, exported

LATENCY = CostKey(name="latency")
OWN = CostKey(name="extern", options=(("function", "own:count"),))
FLOPS = CostKey(name="flops")
FIELDS = {"cost", "unit", "bound", "value", "low", "high", "told", "met"}


def verified(
    case: Exported, key: CostKey, bound: float, function: Callable[[Graph], float] = lambda graph: 0.0
) -> Verification:
    given = Given(functions={"own:count": function})
    return verify_model(Path("m"), case.model, case.program, [(key, bound)], lambda: case.examples, given)


def measure(monkeypatch: pytest.MonkeyPatch, low: float, median: float, high: float) -> list[CostKey]:
    """Let every measurement tell this; what was measured."""
    asked: list[CostKey] = []

    def told(model: onnx.ModelProto, key: CostKey) -> LatencyMeasurement:
        asked.append(key)
        return LatencyMeasurement(median=median, low=low, high=high, runs=9, device="none", onnxruntime="1")

    monkeypatch.setattr(amounts, "measure_latency", told)
    return asked


def test_rows_have_one_shape_in_json() -> None:
    row = verified(exported("vector"), FLOPS, 1e6).budgets[0]
    told = json.loads(row.model_dump_json())
    assert told.keys() == FIELDS
    assert told["told"] == "recounted" and told["low"] == told["value"] == told["high"]
    assert BudgetRow.model_validate(told) == row


@pytest.mark.parametrize(
    ("bound", "met", "said"),
    [
        (0.004, True, ""),
        (0.003, True, ""),
        (0.0025, False, "2 ms (95% interval 1 ms to 3 ms), not surely within the bound of 2.5 ms"),
        (0.001, False, "2 ms (95% interval 1 ms to 3 ms), 100.0% over the bound of 1 ms"),
        (1e-6, False, "over the bound of 1 us"),
    ],
)
def test_a_latency_is_within_its_bound_only_with_all_of_its_interval(
    bound: float, met: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(monkeypatch, 0.001, 0.002, 0.003)
    result = verified(exported("vector"), LATENCY, bound)
    row = result.budgets[0]
    assert (row.low, row.value, row.high, row.told, row.met) == (0.001, 0.002, 0.003, "measured", met)
    assert result.met is met and [d.code for d in result.diagnostics] == ([] if met else ["BSN512"])
    assert said in (result.diagnostics[0].message if result.diagnostics else "")


def test_a_model_that_is_not_the_one_of_the_spec_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = measure(monkeypatch, 0.001, 0.002, 0.003)
    case = exported("vector")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 1
    result = verify_model(Path("m"), model, case.program, [(LATENCY, 1.0), (FLOPS, 1e6)], lambda: case.examples)
    assert [d.code for d in result.diagnostics] == ["BSN513"] and not result.met
    assert [row.cost for row in result.budgets] == ["flops"] and not asked


def test_a_spec_whose_gates_start_elsewhere_is_still_that_of_the_model() -> None:
    case = exported("vector")
    whole = case.program.graph
    gates = tuple(gate if gate.options else gate.model_copy(update={"init": 0.25}) for gate in whole.gates)
    assert gates != whole.gates
    program = case.program.model_copy(update={"graph": whole.model_copy(update={"gates": gates})})
    result = verify_model(Path("m"), case.model, program, [(FLOPS, 1e6)], lambda: case.examples)
    assert result.met and not result.diagnostics


def test_what_is_measured_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    measure(monkeypatch, 0.001, 0.002, 0.003)
    case = exported("vector")
    result = verify_model(Path("m"), case.model, case.program, [(LATENCY, 1.0), (FLOPS, 1e6)], lambda: case.examples)
    assert [row.cost for row in result.budgets] == ["flops", "latency"] and result.met


def test_a_cost_of_the_users_own_is_called_on_the_architecture() -> None:
    case = exported("fabric")
    seen: list[set[str]] = []

    def count(graph: Graph) -> float:
        seen.append({edge.name for edge in graph.edges})
        return 2.5 * len(graph.edges)

    expected = 2.5 * len(case.graph.edges)
    for bound in (expected, expected - 1):
        result = verified(case, OWN, bound, count)
        row = result.budgets[0]
        assert (row.cost, row.told, row.low, row.value, row.high) == (str(OWN), "called", *[expected] * 3)
        assert result.met is row.met is (bound == expected)
    assert seen == [{edge.name for edge in case.graph.edges}] * 2
    assert f"{expected:,g} units" in result.diagnostics[0].message


def test_a_cost_of_the_users_own_needs_to_know_the_architecture() -> None:
    case = exported("fabric")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    del model.metadata_props[:]
    given = Given(functions={"own:count": lambda graph: 1.0})
    result = verify_model(Path("m"), model, case.program, [(OWN, 9.0)], lambda: case.examples, given)
    assert [d.code for d in result.diagnostics] == ["BSN515", "BSN516"] and not result.met


def test_a_function_that_fails_is_told_as_such() -> None:
    result = verified(exported("fabric"), OWN, 9.0, lambda graph: 1 / 0)
    assert [d.code for d in result.diagnostics] == ["BSN218"] and not result.met
