"""An assembled model is the exported one, made in another way."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from torch import fx

from bsnc.export import Fragments, run_onnx
from bsnc.export.latency.assemble import assemble, copies
from bsnc.export.recount import initialisers
from bsnc.ir import Graph
from bsnc.lower import fold_batch_norm, lower_static
from bsnc.passes import ApplyArchitecture
from tests.laws.build import FIXED, chain, conv, linear, network, option, pool
from tests.laws.exports import exported
from tests.laws.weights import examples


def choices() -> Graph:
    """A choice of three, averages, parallel edges, activations at nodes."""
    links = [
        ("x", "h", [conv(3), "batch_norm", "relu"], option("g", 0, 3)),
        ("x", "h", [pool("avg", 3), conv(3, 1)], option("g", 1, 3)),
        ("x", "h", [pool("avg", 3), conv(3, 1)], option("g", 2, 3)),
        ("h", "k", [conv(3), "batch_norm", "relu"]),
        ("h", "k", ["identity"]),
        ("k", "y", ["global_avg_pool", "flatten", linear(2)], FIXED),
    ]
    return network((3, 4, 4), {"h": ["relu"], "k": ["tanh"], "y": []}, links, aggregations={"k": "mean"})


def loaded(graph: Graph, model: onnx.ModelProto) -> fx.GraphModule:
    """The torch network of a graph, batch norms folded, with the weights of a model."""
    plain = lower_static(graph).eval()
    fold_batch_norm(plain)
    stored = initialisers(model)
    with torch.no_grad():
        for name, value in plain.named_parameters():
            value.copy_(torch.from_numpy(stored[name].copy()))
    return plain


def agree(graph: Graph, model: onnx.ModelProto) -> None:
    x = examples(graph, 3, dtype=torch.float32)
    with torch.no_grad():
        expected = loaded(graph, model)(x).numpy()
    np.testing.assert_allclose(run_onnx(model, x.numpy()), expected, atol=1e-5, rtol=1e-4)
    assert np.abs(expected).max() > 1e-3


@pytest.mark.parametrize("dropped", [[], ["x->c"], ["x->z"], ["x->c", "x->z", "m->a"], ["x->y"]])
def test_it_computes_what_torch_computes_with_its_weights(fragments: Fragments, dropped: list[str]) -> None:
    whole = exported("aggregations").program.graph
    kept = [edge.name for edge in whole.edges if edge.name not in dropped]
    graph = ApplyArchitecture(kept).run(whole).graph
    model = assemble(graph, fragments)
    onnx.checker.check_model(model, full_check=True)
    agree(graph, model)


@pytest.mark.parametrize("kept", [["x->h", "h->k"], ["x->h#1", "h->k#1"], ["x->h#2", "h->k", "h->k#1"]])
def test_choices_too(fragments: Fragments, kept: list[str]) -> None:
    graph = ApplyArchitecture(kept).run(choices()).graph
    assert {edge.name for edge in graph.edges} == {*kept, "k->y"}
    agree(graph, assemble(graph, fragments))


def test_it_has_the_operators_of_the_exported_model(fragments: Fragments) -> None:
    case = exported("aggregations")
    ours, theirs = (
        Counter(node.op_type for node in model.graph.node if node.op_type not in ("Identity", "Constant"))
        for model in (assemble(case.graph, fragments), case.model)
    )
    assert ours == theirs and ours["Conv"] == 8


def test_edges_with_one_module_have_weights_of_their_own(fragments: Fragments) -> None:
    graph = ApplyArchitecture(["x->h#1", "h->k"]).run(choices()).graph
    twin = choices().edges[0].module
    assert fragments[twin] is fragments[graph.edges[1].module]
    names = [tensor.name for tensor in copies(twin, 3, fragments).graph.initializer]
    assert len(names) == len(set(names)) == 6


@pytest.mark.parametrize("steps", [[conv(3), "batch_norm", "relu"], [pool("avg", 3)]])
def test_copies_of_a_module_add_up(fragments: Fragments, steps: list) -> None:
    """Of weights they have one source, without weights a source each: none of them can be left out."""
    module = chain((3, 4, 4), steps)
    model = copies(module, 3, fragments)
    assert len(model.graph.input) == (1 if len(steps) > 1 else 3)
    operators = Counter(node.op_type for node in model.graph.node)
    assert operators["Add"] == 2 and operators["Conv"] + operators["AveragePool"] == 3
    onnx.checker.check_model(model, full_check=True)
