from __future__ import annotations

from bsnc.ir import Graph, edges_on_a_path
from bsnc.passes.graph_pass import GraphPass, PassResult


class PruneDeadEdges(GraphPass):
    """Remove edges that lie on no input→output path. Exact. Non-goal: changing costs of live edges."""

    name = "prune-dead-edges"

    def run(self, graph: Graph) -> PassResult:
        on_path = edges_on_a_path(graph)
        live = [edge.name for edge, is_live in zip(graph.edges, on_path, strict=True) if is_live]
        return PassResult(graph.keeping(live), modified=len(live) < len(graph.edges))
