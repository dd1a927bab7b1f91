"""A networkx view, for people who want to analyse or draw a graph with its algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsnc.ir.graph import Graph

if TYPE_CHECKING:
    import networkx as nx


def to_networkx(graph: Graph) -> nx.MultiDiGraph[str]:
    """Nodes by name with attribute `node`; edges keyed by edge name with attributes `edge` and `index`."""
    import networkx as nx

    view: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=graph.name)
    for node in graph.nodes:
        view.add_node(node.name, node=node)
    for index, edge in enumerate(graph.edges):
        view.add_edge(edge.source, edge.target, key=edge.name, edge=edge, index=index)
    return view
