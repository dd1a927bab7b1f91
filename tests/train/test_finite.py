"""Where numbers stop being numbers, the first edge that gives none is named."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from bsnc.diagnostics import Diagnosed
from bsnc.ir import Graph
from bsnc.lower import edge_attributes, lower_stochastic
from bsnc.passes import ApplyArchitecture
from bsnc.train import Machine
from bsnc.train.finite import check_finite
from tests.laws.brute_force import every_choice
from tests.laws.build import FIXED, linear, network
from tests.laws.strategies import law, networks
from tests.laws.weights import examples, names_of, pruned

NAN = torch.tensor([0.5, float("nan")])


def notes(graph: Graph, *network_and_inputs: object) -> str:
    with pytest.raises(Diagnosed) as caught:
        check_finite(NAN, graph, network_and_inputs[0], network_and_inputs[1:], "batch 7", Machine())
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN502" and diagnostic.message == "the loss is not finite in batch 7"
    return " ".join(diagnostic.notes)


@law(50)
@given(networks(max_nodes=6, max_gates=5), st.booleans(), st.data())
def test_the_edge_whose_weights_are_infinite_is_named(graph: Graph, stochastic: bool, data: st.DataObject) -> None:
    choices, images = every_choice(graph), examples(graph, 3, dtype=torch.float32)
    live = torch.from_numpy(choices.live[data.draw(st.sampled_from(list(choices.connected.nonzero()[0])))])
    whole = lower_stochastic(graph)
    lowered, inputs = whole, (images, live.expand(3, -1))
    if not stochastic:
        lowered, inputs = pruned(graph, whole, names_of(graph, live)), (images,)
        graph, live = ApplyArchitecture(names_of(graph, live)).run(graph).graph, live[live]
    assert lowered is not None
    found = {
        edge: list(lowered.get_submodule(f"edges.{attribute}").parameters())
        for edge, attribute in edge_attributes(graph).items()
        if edge in names_of(graph, live)
    }
    assume(any(found.values()))
    assert notes(graph, lowered, *inputs) == ""
    edge = data.draw(st.sampled_from([edge for edge, weights in found.items() if weights]))
    with torch.no_grad():
        data.draw(st.sampled_from(found[edge])).fill_(float("inf"))
    assert notes(graph, lowered, *inputs) == f"edge `{edge}` is the first that gives no finite numbers"


def test_of_two_broken_edges_the_first_is_named_and_the_network_is_left_without_a_watch() -> None:
    graph = network((2,), {"h": ["relu"], "y": []}, [("x", "h", [linear(3)]), ("h", "y", [linear(2)], FIXED)])
    lowered = lower_stochastic(graph)
    with torch.no_grad():
        for parameter in lowered.parameters():
            parameter.fill_(float("inf"))
    assert "`x->h`" in notes(graph, lowered, torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool))
    assert not any(module._forward_hooks for module in lowered.modules())


def test_an_edge_is_named_by_the_graph_of_its_own_network() -> None:
    """In that of all edges the other one has the attribute that this one has where it is alone."""
    links = [("x", "h[0]", [linear(3)]), ("x", "h_0", [linear(3)]), ("h[0]", "y", ["relu"]), ("h_0", "y", ["relu"])]
    graph = network((2,), {"h[0]": [], "h_0": [], "y": []}, links)
    whole = lower_stochastic(graph)
    with torch.no_grad():
        for parameter in whole.parameters():
            parameter.fill_(float("inf"))
    only = ["x->h_0", "h_0->y"]
    plain = pruned(graph, whole, only)
    assert plain is not None
    assert "`x->h_0`" in notes(ApplyArchitecture(only).run(graph).graph, plain, torch.ones(1, 2))


def test_finite_losses_pass_without_another_look() -> None:
    graph = network((1,), {"y": []}, [("x", "y", ["identity"])])
    check_finite(torch.zeros(3), graph, None, (), "", Machine())  # type: ignore[arg-type]
