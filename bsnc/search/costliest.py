"""The greatest cost of an architecture: where options exclude each other the whole S-network is none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bsnc.ir import Graph, channel_pairs
from bsnc.search.architecture import Architecture, LinearBudget, live_of
from bsnc.search.rows import Rows


def costliest(graph: Graph, objective: LinearBudget) -> Architecture:
    """The costliest architecture. Linear costs only grow with live edges, so every Bernoulli gate keeps; which options
    of categorical gates cost most is a mixed-integer linear program."""
    if all(gate.kind == "bernoulli" for gate in graph.gates):
        return live_of(graph, np.ones(graph.switch_count, dtype=bool))
    return _Costliest(graph, objective).solve()


class _Costliest(Rows):
    """Columns: k [S], reached edges a [E], needed edges c [E], reached nodes R [V], needed nodes N [V], live edges ℓ
    [E], live nodes n [V], pairs of live edges q [P], all but k continuous.

        a_e ≤ k_e   a_e ≤ R_source   R_v ≤ Σ a into v      c_e ≤ k_e   c_e ≤ N_target   N_v ≤ Σ c out of v
        ℓ_e ≤ a_e   ℓ_e ≤ c_e        n_v ≤ Σ ℓ into v           q_ij ≤ ℓ_i   q_ij ≤ ℓ_j

    The graph has no cycles, so with whole k the greatest a, c, ℓ, n, q are whole and equal to the true liveness.
    """

    def __init__(self, graph: Graph, objective: LinearBudget) -> None:
        self.pairs = channel_pairs(graph)
        edges, nodes = len(graph.edges), len(graph.nodes)
        super().__init__(graph, edges, edges, nodes, nodes, edges, nodes, len(self.pairs))
        self.a, self.c, self.reached, self.needed, self.live, self.node_live, self.together = self.starts
        self._relate_edges()
        self._relate_nodes()
        for p, pair in enumerate(self.pairs):
            for edge in pair:
                self._at_most(self.together + p, [self.live + edge])
        self.gain = np.zeros(self.size)
        self.gain[self.live : self.node_live] = objective.edge_weights
        self.gain[self.node_live : self.together] = objective.node_weights
        if objective.pair_weights is not None:
            self.gain[self.together :] = objective.pair_weights

    def _at_most(self, column: int, others: Sequence[int]) -> None:
        self.row([(column, 1.0), *((other, -1.0) for other in others)], upper=0.0)

    def _relate_edges(self) -> None:
        for e, (source, target) in enumerate(self.graph.endpoints):
            switch = self.graph.edge_switches[e]
            for column, end in ((self.a + e, self.reached + source), (self.c + e, self.needed + target)):
                self._at_most(column, [end])
                self._at_most(self.live + e, [column])
                if switch is not None:
                    self._at_most(column, [switch])

    def _relate_nodes(self) -> None:
        leaving: list[list[int]] = [[] for _ in self.graph.nodes]
        for e, (source, _) in enumerate(self.graph.endpoints):
            leaving[source].append(self.c + e)
        for v, node in enumerate(self.graph.nodes):
            arriving = self.graph.in_edges[v]
            self._at_most(self.node_live + v, [self.live + e for e in arriving])
            if node.kind != "input":
                self._at_most(self.reached + v, [self.a + e for e in arriving])
            if node.kind != "output":
                self._at_most(self.needed + v, leaving[v])

    def solve(self) -> Architecture:
        scale = 1e4 / (float(self.gain.max()) or 1.0)  # the solver's absolute gap is 1e-6
        found = self.minimise(-self.gain * scale, np.zeros(self.size), np.ones(self.size))
        assert found.status == 0, f"the solver failed: {found.message}"
        return live_of(self.graph, found.x[: self.graph.switch_count] > 0.5)
