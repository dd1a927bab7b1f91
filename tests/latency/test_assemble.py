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
from bsnc.export.onnx_model import plain_onnx
from bsnc.export.recount import initialisers
from bsnc.ir import Graph
from bsnc.lower import fold_batch_norm, lower_static
from bsnc.passes import ApplyArchitecture
from tests.laws.build import FIXED, chain, conv, network, option
from tests.laws.weights import examples

MODULE = [conv(2), "batch_norm", "relu"]


def every_kind() -> Graph:
    """Every aggregation, activations at nodes, a choice, parallel edges, slots that are cut off (`c`) and that are
    filled with zeros (`z`); of few modules, since each is exported."""
    links = [
        ("x", "h", MODULE, option("g", 0, 2)),
        ("x", "h", ["identity"], option("g", 1, 2)),
        ("h", "k", MODULE, FIXED),
        ("h", "k", MODULE),
        ("h", "m", ["identity"], FIXED),
        ("h", "m", MODULE),
        ("k", "c", MODULE),
        ("m", "c", MODULE, FIXED),
        ("m", "z", MODULE),
        ("x", "z", MODULE),
        ("c", "y", [conv(2)]),
        ("z", "y", ["prelu", conv(2)]),
    ]
    nodes = {"h": ["relu"], "k": ["tanh"], "m": [], "c": [], "z": [], "y": []}
    kinds = {"k": "mean", "m": "max", "c": "concat", "z": "concat"}
    return network((2, 4, 4), nodes, links, shapes={"c": (4, 4, 4), "z": (4, 4, 4)}, aggregations=kinds)


def without(*dropped: str) -> Graph:
    whole = every_kind()
    return ApplyArchitecture([edge.name for edge in whole.edges if edge.name not in dropped]).run(whole).graph


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


@pytest.mark.parametrize(
    "dropped",
    [
        ["x->h"],
        ["x->h#1"],
        ["x->h", "h->k#1", "k->c"],
        ["x->h#1", "m->z"],
        ["x->h#1", "x->z", "h->m#1"],
        ["x->h", "z->y"],
        ["x->h", "c->y"],
    ],
)
def test_it_computes_what_torch_computes_with_its_weights(fragments: Fragments, dropped: list[str]) -> None:
    graph = without(*dropped)
    model = assemble(graph, fragments)
    onnx.checker.check_model(model, full_check=True)
    x = examples(graph, 3, dtype=torch.float32)
    with torch.no_grad():
        expected = loaded(graph, model)(x).numpy()
    np.testing.assert_allclose(run_onnx(model, x.numpy()), expected, atol=1e-5, rtol=1e-4)
    assert np.abs(expected).max() > 1e-3


def test_it_has_the_operators_of_the_exported_model(fragments: Fragments) -> None:
    graph = without("x->h", "m->z")
    assembled = assemble(graph, fragments)
    ours, theirs = (
        Counter(node.op_type for node in model.graph.node if node.op_type not in ("Identity", "Constant"))
        for model in (assembled, plain_onnx(graph, loaded(graph, assembled)))
    )
    assert ours == theirs and ours["Conv"] == 8 and ours["Pad"] == 1


def test_edges_with_one_module_have_weights_of_their_own(fragments: Fragments) -> None:
    names = [tensor.name for tensor in assemble(without("x->h#1"), fragments).graph.initializer]
    assert len(names) == len(set(names))
    assert sum(name.endswith(".conv.weight") for name in names) == 10


@pytest.mark.parametrize("steps", [MODULE, ["identity"]])
def test_copies_of_a_module_add_up(fragments: Fragments, steps: list) -> None:
    """Of weights they have one source, without weights a source each: none of them can be left out."""
    model = copies(chain((2, 4, 4), steps), 3, fragments)
    assert len(model.graph.input) == (1 if len(steps) > 1 else 3)
    assert len({tensor.name for tensor in model.graph.initializer}) == (6 if len(steps) > 1 else 0)
    operators = Counter(node.op_type for node in model.graph.node)
    assert operators["Add"] == 2 and operators["Conv"] == (3 if len(steps) > 1 else 0)
    onnx.checker.check_model(model, full_check=True)
