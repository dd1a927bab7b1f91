from __future__ import annotations

from collections.abc import Collection

from bsnc.ir import Graph, architecture_of
from bsnc.passes.graph_pass import GraphPass, PassResult
from bsnc.passes.prune_dead_edges import PruneDeadEdges


class ApplyArchitecture(GraphPass):
    """Keep the given edges and every fixed edge, prune what is dead then, cut off the channels that are zero then where
    that is exact, and fix what is left.

    Exact: the result computes what the S-network computes under the mask that keeps these edges. Edge and node
    names stay. Non-goal: judging whether the architecture is a good one.
    """

    name = "apply-architecture"

    def __init__(self, kept: Collection[str]) -> None:
        self.kept = frozenset(kept)

    def run(self, graph: Graph) -> PassResult:
        wanted = [e.name for e in graph.edges if e.gate is None or e.name in self.kept]
        pruned = PruneDeadEdges().run(graph.keeping(wanted)).graph
        fixed = architecture_of(graph, {edge.name for edge in pruned.edges})
        return PassResult(fixed, modified=fixed != graph)
