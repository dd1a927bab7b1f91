"""Each op, exported: ONNX Runtime agrees with torch, and the file costs what the graph says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import numpy_helper

from bsnc.cost import costs_of_masks
from bsnc.diagnostics import Diagnosed
from bsnc.export import export_model, read_model, read_provenance, recount, run_onnx, verify_model
from bsnc.ir import CostKey, Graph, Program, every_cost
from bsnc.lower import lower_static
from tests.laws.build import FIXED, Step, conv, network, upsample
from tests.laws.exports import DEPLOYMENT
from tests.laws.ops import USES, Use, graph_of, use_name
from tests.laws.weights import examples, randomise


def check(graph: Graph, random: bool = True) -> None:
    """Export, read back as a stranger would, run with another batch size, recount, verify."""
    plain, x = lower_static(graph).eval(), examples(graph, 5, dtype=torch.float32)
    if random:
        randomise(plain)
    mask = torch.ones(1, len(graph.edges), dtype=torch.bool)
    costs = {key: int(costs_of_masks(key, graph, mask)[0]) for key in every_cost()}
    bounds = [(key, float(cost)) for key, cost in costs.items()]
    program = Program(graph=graph)
    exported, _ = export_model(program, graph, plain, DEPLOYMENT, bounds, x.numpy())
    model = read_model(Path("m"), exported.SerializeToString())
    with torch.no_grad():
        np.testing.assert_allclose(run_onnx(model, x.numpy()), plain(x).numpy(), atol=1e-4, rtol=1e-4)
    assert {key: recount(model, key, read_provenance(model)) for key in costs} == costs
    result = verify_model(Path("m"), model, program, bounds, x.numpy)
    assert not result.diagnostics and result.met


@pytest.mark.parametrize("use", USES, ids=use_name)
def test_an_op_is_exported_as_it_is_and_costs_what_it_should(use: Use) -> None:
    check(graph_of(use))


NORMALISATIONS: list[Use] = [
    ("batch_norm", (4, 6), {}),
    ("layer_norm", (4, 6), {}),
    ("group_norm", (4, 6, 6), {"groups": 2}),
    ("group_norm", (4,), {"groups": 2}),
    ("instance_norm", (4, 6), {}),
    ("prelu", (4, 6), {}),
]


@pytest.mark.parametrize("use", NORMALISATIONS, ids=use_name)
def test_weights_that_were_never_trained_count_too(use: Use) -> None:
    check(graph_of(use), random=False)


@pytest.mark.parametrize(
    "steps",
    [
        [upsample(2), "batch_norm", conv(3)],
        [upsample(2), ("group_norm", {"groups": 2})],
        [upsample(2), "prelu"],
        [upsample(2), "squeeze_excite"],
        [upsample(2), ("depthwise_conv", {"kernel": 3})],
        [upsample(2), ("conv_transpose", {"channels": 3, "kernel": 3, "stride": 2})],
        [("group_norm", {"groups": 2}), conv(3, stride=2), "layer_norm"],
        ["prelu", ("channel_shuffle", {"groups": 2}), "instance_norm"],
    ],
    ids=lambda steps: "|".join(step if isinstance(step, str) else step[0] for step in steps),
)
@pytest.mark.parametrize("shape", [(4, 4, 4), (4, 4)], ids=["image", "signal"])
def test_chains_cost_what_they_should_in_every_count(shape: tuple[int, ...], steps: list[Step]) -> None:
    check(network(shape, {"y": []}, [("x", "y", steps, FIXED), ("x", "y", steps)]))


@pytest.mark.parametrize(("shape", "mode"), [((4, 4), "linear"), ((4, 4, 4), "bilinear")])
def test_a_convolution_after_interpolation_is_charged_at_its_low_resolution(shape: tuple[int, ...], mode: str) -> None:
    graph = network(shape, {"y": []}, [("x", "y", [("upsample", {"factor": 2, "mode": mode}), conv(3, 1)], FIXED)])
    check(graph)
    count = CostKey(name="flops", options=(("count", "veniat2018"),))
    charged = int(costs_of_masks(count, graph, torch.ones(1, 1, dtype=torch.bool))[0])
    assert charged == 4 * 3 * 4 ** (len(shape) - 1)


def test_the_neutral_instance_norm_of_a_group_norm_is_free_only_while_it_is_neutral() -> None:
    graph = network((4, 6), {"y": []}, [("x", "y", [("group_norm", {"groups": 2})], FIXED)])
    plain, x = lower_static(graph).eval(), examples(graph, 2, dtype=torch.float32)
    exported, certificate = export_model(Program(graph=graph), graph, plain, DEPLOYMENT, [], x.numpy())
    assert certificate.costs["params"] == 8
    norm = next(node for node in exported.graph.node if node.op_type == "InstanceNormalization")
    scale = next(tensor for tensor in exported.graph.initializer if tensor.name == norm.input[1])
    scale.CopyFrom(numpy_helper.from_array(np.full(2, 2, np.float32), scale.name))
    with pytest.raises(Diagnosed) as caught:
        recount(exported, CostKey(name="params"), read_provenance(exported))
    assert [d.code for d in caught.value.diagnostics] == ["BSN513"]


def test_a_file_without_metadata_never_counts_fewer_parameters_than_it_has() -> None:
    """It counts two more for each group of a group norm: a stranger cannot tell them from weights."""
    graph = network((4, 6), {"y": []}, [("x", "y", ["prelu", ("group_norm", {"groups": 2}), "layer_norm"], FIXED)])
    plain, x = lower_static(graph).eval(), examples(graph, 2, dtype=torch.float32)
    exported, _ = export_model(Program(graph=graph), graph, plain, DEPLOYMENT, [], x.numpy())
    assert recount(exported, CostKey(name="params"), None) == (4 + 8 + 48) + 2 * 2
