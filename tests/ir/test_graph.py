"""Views of a graph agree with its nodes and edges."""

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bsnc.ir import Graph, to_networkx, verify
from tests.laws.build import network
from tests.laws.strategies import law, networks


@law(60)
@given(networks())
def test_indices_and_orders_agree(graph: Graph) -> None:
    for edge, (source, target) in zip(graph.edges, graph.endpoints, strict=True):
        assert graph.nodes[source].name == edge.source
        assert graph.nodes[target].name == edge.target
        assert source < target
        assert graph.edges[graph.edge_index[edge.name]] is edge
    targets = [target for _, target in graph.endpoints]
    assert targets == sorted(targets)
    assert [i for arriving in graph.in_edges for i in arriving] == list(range(len(graph.edges)))
    for node, arriving in zip(graph.nodes, graph.in_edges, strict=True):
        assert all(graph.edges[i].target == node.name for i in arriving)
    for edge, switch in zip(graph.edges, graph.edge_switches, strict=True):
        if edge.gate is None:
            assert switch is None
            continue
        switches = graph.gate_switches[graph.gate_index[edge.gate]]
        assert switch == switches[edge.option or 0]
    assert (graph.input.kind, graph.output.kind) == ("input", "output")


@law(60)
@given(networks())
def test_the_networkx_view_has_every_node_and_edge(graph: Graph) -> None:
    view = to_networkx(graph)
    assert [data["node"] for _, data in view.nodes(data=True)] == list(graph.nodes)
    seen = {data["index"]: (source, target, key, data["edge"]) for source, target, key, data in view.edges(
        keys=True, data=True
    )}  # fmt: skip
    expected = {i: (e.source, e.target, e.name, e) for i, e in enumerate(graph.edges)}
    assert seen == expected
    assert nx.is_directed_acyclic_graph(view)


@law(80)
@given(networks(), st.data())
def test_keeping_edges_keeps_order_ends_and_just_the_nodes_and_gates_in_use(graph: Graph, data: st.DataObject) -> None:
    names = [edge.name for edge in graph.edges]
    wanted = data.draw(st.sets(st.sampled_from(names)))
    part = graph.keeping(wanted)
    verify(part)
    assert part.edges == tuple(edge for edge in graph.edges if edge.name in wanted)
    touched = {end for edge in part.edges for end in (edge.source, edge.target)}
    touched |= {graph.input.name, graph.output.name}
    assert part.nodes == tuple(node for node in graph.nodes if node.name in touched)
    assert part.gates == tuple(gate for gate in graph.gates if gate.name in {edge.gate for edge in part.edges})
    assert part.keeping(names) == part


def test_parallel_edges_are_numbered_from_the_second_on() -> None:
    graph = network((2,), {"y": []}, [("x", "y", ["identity"]), ("x", "y", ["relu"]), ("x", "y", ["tanh"])])
    assert [edge.name for edge in graph.edges] == ["x->y", "x->y#1", "x->y#2"]


def test_a_graph_cannot_be_changed() -> None:
    graph = network((2,), {"y": []}, [("x", "y", ["identity"])])
    with pytest.raises(ValidationError):
        graph.name = "other"
    with pytest.raises(ValidationError):
        graph.nodes[0].shape = (3,)
