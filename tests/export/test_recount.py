"""Costs recounted from files of random architectures are those of their graphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from onnx import TensorProto, helper, numpy_helper

from bsnc.cost import costs_of_masks
from bsnc.diagnostics import Diagnosed
from bsnc.export import read_model, read_provenance, recount
from bsnc.ir import CostKey, Graph, live_edges, removable
from tests.laws.build import FIXED, conv, network
from tests.laws.exports import CASES, Exported, export_of, exported
from tests.laws.memory import may_need_less
from tests.laws.strategies import law, networks_and_masks

MEMORY, WEIGHTS, PARAMS = (CostKey(name=name) for name in ("memory", "weights", "params"))
STEPS = [CostKey(name="steps", options=(("cores", str(cores)),)) for cores in (1, 2, 4)]


def passes_on(whole: Graph, graph: Graph) -> bool:
    """Whether the file of an architecture may need less memory than the graph says, and else exactly as much."""
    return may_need_less(graph, {whole.nodes[v].name for v in removable(whole)})


def stored_bytes(case: Exported) -> int:
    """Of the float tensors in the file, by a plain sum; factors of resizing are none of the network's."""
    scales = {node.input[2] for node in case.model.graph.node if node.op_type == "Resize"}
    tensors = [t for t in case.model.graph.initializer if t.data_type == TensorProto.FLOAT and t.name not in scales]
    return sum(numpy_helper.to_array(tensor).nbytes for tensor in tensors if tensor.dims)


def check(case: Exported, kept: list[bool]) -> None:
    model = read_model(Path("m"), case.model.SerializeToString())
    provenance = read_provenance(model)
    mask = torch.tensor([kept])
    for key in (WEIGHTS, *STEPS):
        assert recount(model, key, provenance) == int(costs_of_masks(key, case.program.graph, mask)[0]), str(key)
    assert recount(model, WEIGHTS, None) == recount(model, WEIGHTS, provenance) == stored_bytes(case)
    memory, expected = recount(model, MEMORY, provenance), case.costs[MEMORY]
    assert memory <= expected
    assert memory == expected or passes_on(case.program.graph, case.graph)
    assert case.costs[WEIGHTS] < recount(model, MEMORY, None) <= memory


@pytest.mark.parametrize("name", CASES)
def test_a_file_costs_what_its_graph_costs(name: str) -> None:
    case = exported(name)
    live = {edge.name for edge in case.graph.edges}
    check(case, [edge.name in live for edge in case.program.graph.edges])


@law(12)
@given(networks_and_masks(max_nodes=6))
def test_files_of_random_architectures_cost_what_their_graphs_cost(drawn: tuple[Graph, np.ndarray]) -> None:
    whole, rows = drawn
    for row in rows[:1]:
        if live_edges(whole, rows[:1]).any():
            check(export_of(whole, row.tolist()), row.tolist())


@law(6)
@given(networks_and_masks(max_nodes=5))
def test_networks_that_were_never_trained_cost_the_same(drawn: tuple[Graph, np.ndarray]) -> None:
    """Their biases are zeros, which no one may leave out of the file."""
    whole, rows = drawn
    if live_edges(whole, rows[:1]).any():
        check(export_of(whole, rows[0].tolist(), random=False), rows[0].tolist())


def test_a_bias_of_zeros_is_stored_and_counts() -> None:
    whole = network((2, 4, 4), {"y": []}, [("x", "y", [conv(3, bias=False), "batch_norm"], FIXED)])
    trained, new = export_of(whole), export_of(whole, random=False)
    assert recount(new.model, WEIGHTS, None) == recount(trained.model, WEIGHTS, None) == 4 * (3 * 2 * 9 + 3)


@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose"])
def test_a_convolution_of_several_images_for_each_example_counts_them_all(operator: str) -> None:
    """As a module of one's own may make them of its channels."""
    shapes = {"apart": [-1, 1, 4, 4], "together": [-1, 3, 4, 4]}
    tensors = [numpy_helper.from_array(np.array(shape), name) for name, shape in shapes.items()]
    tensors.append(numpy_helper.from_array(np.zeros((1, 1, 3, 3), dtype=np.float32), "weight"))
    nodes = [
        helper.make_node("Reshape", ["x", "apart"], ["images"]),
        helper.make_node(operator, ["images", "weight"], ["worked"], pads=[1, 1, 1, 1]),
        helper.make_node("Reshape", ["worked", "together"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3, 4, 4]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "own", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    assert recount(read_model(Path("m"), model.SerializeToString()), CostKey(name="flops"), None) == 3 * 16 * 9


@pytest.mark.parametrize("key", STEPS, ids=str)
def test_without_metadata_steps_cannot_be_told(key: CostKey) -> None:
    with pytest.raises(Diagnosed) as caught:
        recount(exported("vector").model, key, None)
    assert [d.code for d in caught.value.diagnostics] == ["BSN516"]
