"""An exported model computes what the network computes, costs what the IR says, and tells nothing else."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from bsnc.diagnostics import Diagnosed
from bsnc.export import TOLERANCE, export_model, read_model, read_provenance, recount, run_onnx, verify_model
from bsnc.export.parity import ModelRunError, measure_parity
from bsnc.ir import CostKey, graph_hash
from tests.laws.exports import DEPLOYMENT, Exported, exported


def reread(case: Exported) -> onnx.ModelProto:
    """The model as a stranger gets it: bytes."""
    return read_model(Path("model.onnx"), case.model.SerializeToString())


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_onnx_runtime_computes_what_torch_computes_for_any_batch(case: Exported, batch: int) -> None:
    x = case.examples[:batch]
    with torch.no_grad():
        expected = case.network(torch.from_numpy(x)).numpy()
    found = run_onnx(reread(case), x)
    assert found.shape == expected.shape and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-4)
    assert np.abs(expected).max() > 1e-2


def in_the_file(case: Exported) -> dict[CostKey, int]:
    """What the graph costs; where its only node merely passes on the input, the file keeps that once, not twice."""
    return case.costs | ({CostKey(name="memory"): 32} if case is exported("through") else {})


def test_every_cost_recounted_from_the_file_is_that_of_the_graph(case: Exported) -> None:
    model = reread(case)
    provenance = read_provenance(model)
    found = {key: recount(model, key, provenance) for key in case.costs}
    assert found == in_the_file(case)
    assert case.certificate.costs == {str(key): cost for key, cost in found.items()}


def test_an_exported_model_verifies_at_budgets_that_it_just_meets(case: Exported) -> None:
    result = verify_model(Path("m"), reread(case), case.program, case.bounds, lambda: case.examples)
    assert not result.diagnostics and result.met
    assert result.parity is not None and result.parity.max_abs_diff <= TOLERANCE
    assert [row.value for row in result.budgets] == list(in_the_file(case).values())


def test_a_model_one_unit_over_any_budget_is_refused_by_export_and_by_verify() -> None:
    case = exported("vector")
    for key, cost in case.costs.items():
        bounds = [(k, float(c) if k != key else cost - 1.0) for k, c in case.costs.items()]
        result = verify_model(Path("m"), reread(case), case.program, bounds, lambda: case.examples)
        assert [d.code for d in result.diagnostics] == ["BSN512"] and not result.met
        assert [row.met for row in result.budgets] == [k != key for k in case.costs]
    with pytest.raises(Diagnosed) as caught:
        export_model(case.program, case.graph, case.network, DEPLOYMENT, bounds, case.examples)
    assert [d.code for d in caught.value.diagnostics] == ["BSN512"]


def test_the_file_names_its_ends_as_the_spec_does_and_leaves_the_batch_free(case: Exported) -> None:
    graph = reread(case).graph
    for value, node in ((graph.input[0], case.graph.input), (graph.output[0], case.graph.output)):
        assert value.name == node.name
        batch, *sizes = value.type.tensor_type.shape.dim
        assert batch.dim_param and [size.dim_value for size in sizes] == list(node.shape)
    assert len(graph.input) == len(graph.output) == 1


def test_the_file_holds_no_trace_of_the_machine(case: Exported) -> None:
    content = case.model.SerializeToString()
    traces = [b".py", b"site-packages", b"Traceback", b"torch.nn", b"/usr/", b"/tmp", str(Path.home()).encode()]
    traces += [part.encode() for part in (str(Path.cwd()), str(Path(torch.__file__).parent))]
    assert [trace for trace in traces if trace in content] == []
    for node in case.model.graph.node:
        assert not node.doc_string and not node.metadata_props
    assert [entry.key for entry in case.model.metadata_props] == ["bsnc"]


def test_the_metadata_can_be_read_by_anyone_and_by_us(case: Exported) -> None:
    model = reread(case)
    plain = json.loads(model.metadata_props[0].value)
    assert plain["graph_hash"] == graph_hash(case.program.graph) == case.certificate.graph_hash
    provenance = read_provenance(model)
    assert provenance is not None
    assert provenance.live == tuple(edge.name for edge in case.graph.edges)
    assert provenance.settings == case.program.settings
    assert (provenance.class_names, provenance.mean, provenance.std) == (("nought", "one", "two"), (0.5,), (0.25,))
    assert provenance.spec_sha256 == "5" * 64


def test_batch_norms_are_folded_where_they_can_be() -> None:
    operators = [node.op_type for node in exported("fabric").model.graph.node]
    assert operators.count("BatchNormalization") == 1
    assert [n.op_type for n in exported("vector").model.graph.node].count("BatchNormalization") == 0


def test_twins_stay_two() -> None:
    """Equal tensors may not be merged: a parameter that is trained twice counts twice."""
    operators = [node.op_type for node in exported("awkward").model.graph.node]
    assert operators.count("BatchNormalization") == 2


def test_one_network_gives_one_file_and_stays_as_it_was() -> None:
    case = exported("vector")
    before = {name: value.clone() for name, value in case.network.state_dict().items()}
    again, _ = export_model(case.program, case.graph, case.network, DEPLOYMENT, case.bounds, case.examples)
    assert again.SerializeToString(deterministic=True) == case.model.SerializeToString(deterministic=True)
    after = case.network.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(after[name], value) for name, value in before.items())


def test_a_network_that_was_left_in_training_mode_is_exported_as_it_evaluates() -> None:
    case = exported("vector")
    model, certificate = export_model(
        case.program, case.graph, case.network.train(), DEPLOYMENT, case.bounds, case.examples
    )
    case.network.eval()
    assert certificate.parity.holds
    np.testing.assert_allclose(run_onnx(model, case.examples), run_onnx(case.model, case.examples), atol=1e-6)


def test_parity_is_the_greatest_difference_and_at_its_worst_where_there_is_no_comparing() -> None:
    case = exported("vector")
    expected = run_onnx(case.model, case.examples)

    class Shifted(torch.nn.Module):
        def __init__(self, change) -> None:
            super().__init__()
            self.change = change

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.change(case.network(x))

    changes = {
        "none": lambda y: y,
        "one logit": lambda y: y + torch.tensor([0, 0.25, 0]),
        "shape": lambda y: y[:, :1],
        "undefined": lambda y: y * torch.tensor([1, 1, torch.nan]),
        "infinite": lambda y: y + torch.tensor([torch.inf, 0, 0]),
    }
    found = {name: measure_parity(case.model, Shifted(change), case.examples) for name, change in changes.items()}
    assert found["none"].holds and found["none"].examples == len(expected)
    assert found["one logit"].max_abs_diff == pytest.approx(0.25, abs=1e-6) and not found["one logit"].holds
    for name in ("shape", "undefined", "infinite"):
        assert found[name].max_abs_diff == pytest.approx(3.4e38, rel=0.01) and not found[name].holds


def test_a_model_that_cannot_run_is_one_kind_of_error() -> None:
    case = exported("vector")
    with pytest.raises(ModelRunError):
        run_onnx(case.model, case.examples[:, :2])
    with pytest.raises(ModelRunError):
        run_onnx(onnx.ModelProto(), case.examples)


def test_the_runtime_prints_nothing_of_a_model_whose_operators_have_no_readable_names(
    capfd: pytest.CaptureFixture[str],
) -> None:
    case = exported("vector")
    model = onnx.ModelProto()
    model.ParseFromString(case.model.SerializeToString().replace(b"Tanh", b"Tan\xff"))
    with pytest.raises(ModelRunError):
        run_onnx(model, case.examples)
    assert capfd.readouterr() == ("", "")
