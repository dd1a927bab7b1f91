"""The cheapest and the most probable architecture within budgets, exactly, as mixed-integer linear programs.

Variables: k_s ∈ {0, 1} is switch s, the options of a categorical gate adding up to 1; a unit flow from input to
output through kept edges proves that they are connected; r_v = 1 forces "v is reached from the
input", b_v = 1 "the output is reached from v", and ℓ_e, n_v follow as lower bounds on liveness of edges and nodes:

    r_target ≥ k_e + r_source − 1      b_source ≥ k_e + b_target − 1
    ℓ_e ≥ k_e + r_source + b_target − 2      n_v ≥ r_v + b_v − 1
    ℓ_e ≥ flow_e      n_v ≥ flow into v      (implied, but they tighten the relaxation)
    q_ij ≥ ℓ_i + ℓ_j − 1 for pairs of edges that cost something together

With whole k_s the least r, b, ℓ, n, q are whole and equal to the true liveness, and since costs only grow with
them, a cost bound holds for the least ones if it holds for any: the program is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bsnc.ir import Graph, channel_pairs
from bsnc.search.architecture import Architecture, LinearBudget, Vector, cost_of_live, live_of, switches_of
from bsnc.search.rows import Entry, Rows
from bsnc.search.shortest import cheapest_as_a_path

TOLERANCE = 1e-6
"""HiGHS's on a constraint, relative to a budget's bound."""
SLACK = 4 * TOLERANCE
"""By how much bounds are relaxed. With TOLERANCE alone the solver, without presolving, takes what costs just the bound
for infeasible, and something worse for the best: in 20 of 40 programs at the least feasible bound, with twice that in
2, with this in none."""
MAX_CUTS = 1000
_SOLVED, _OUT_OF_NODES, _INFEASIBLE = 0, 1, 2


class UnsolvedError(RuntimeError):
    """A program was given up."""


def cheapest(graph: Graph, objective: LinearBudget, budgets: Sequence[LinearBudget] = ()) -> Architecture | None:
    """The connected architecture of least cost `objective` that meets `budgets`; None when there is none.

    Budgets hold exactly; of two costs that differ by less than 1e-6 of the greatest weight the solver may take
    either.
    """
    path = None if budgets else cheapest_as_a_path(graph, objective)
    if path is not None:
        return path
    program = Program(graph)
    costs = program.cost_row(objective)
    scale = 1e4 / (float(costs.max()) or 1.0)  # the solver's absolute gap is 1e-6
    return program.solve(costs * scale, budgets)


def most_probable(graph: Graph, logits: Vector, budgets: Sequence[LinearBudget]) -> Architecture | None:
    """The connected architecture of greatest probability (sum of the logits of switches that are on) that meets every
    budget; None when there is none. `logits` is `[S]`."""
    program = Program(graph)
    objective = np.zeros(program.size)
    objective[: len(logits)] = -logits
    return program.solve(objective, budgets)


class Program(Rows):
    """Columns: k [S], flow [E], ℓ [E], r [V], b [V], n [V], q [P]."""

    def __init__(self, graph: Graph) -> None:
        self.pairs = channel_pairs(graph)
        edges, nodes = len(graph.edges), len(graph.nodes)
        super().__init__(graph, edges, edges, nodes, nodes, nodes, len(self.pairs))
        self.flow, self.live, self.reached, self.needed, self.node_live, self.together = self.starts
        self._connect()
        self._live_edges()
        self._live_nodes()
        for p, (i, j) in enumerate(self.pairs):
            self.row([(self.together + p, 1.0), (self.live + i, -1.0), (self.live + j, -1.0)], lower=-1.0)

    def _kept(self, edge: int, sign: float) -> tuple[list[Entry], float]:
        """sign · k of an edge as (entries, constant): a fixed edge is the constant."""
        switch = self.graph.edge_switches[edge]
        return ([], sign) if switch is None else ([(switch, sign)], 0.0)

    def _connect(self) -> None:
        balance: list[list[Entry]] = [[] for _ in self.graph.nodes]
        for e, (source, target) in enumerate(self.graph.endpoints):
            balance[source].append((self.flow + e, -1.0))
            balance[target].append((self.flow + e, 1.0))
            entries, constant = self._kept(e, -1.0)
            self.row([(self.flow + e, 1.0), *entries], upper=-constant)
        for v, node in enumerate(self.graph.nodes):
            supply = {"input": -1.0, "output": 1.0}.get(node.kind, 0.0)
            self.row(balance[v], supply, supply)

    def _live_edges(self) -> None:
        r, b = self.reached, self.needed
        for e, (source, target) in enumerate(self.graph.endpoints):
            entries, constant = self._kept(e, -1.0)
            self.row([(r + target, 1.0), (r + source, -1.0), *entries], lower=-1.0 - constant)
            self.row([(b + source, 1.0), (b + target, -1.0), *entries], lower=-1.0 - constant)
            used = [(self.live + e, 1.0), (r + source, -1.0), (b + target, -1.0)]
            self.row([*used, *entries], lower=-2.0 - constant)
            self.row([(self.live + e, 1.0), (self.flow + e, -1.0)], lower=0.0)

    def _live_nodes(self) -> None:
        for v, node in enumerate(self.graph.nodes):
            if node.kind == "input":
                continue
            self.row([(self.node_live + v, 1.0), (self.reached + v, -1.0), (self.needed + v, -1.0)], lower=-1.0)
            through = [(self.flow + e, -1.0) for e in self.graph.in_edges[v]]
            self.row([(self.node_live + v, 1.0), *through], lower=0.0)

    def cost_row(self, budget: LinearBudget) -> Vector:
        row = np.zeros(self.size)
        row[self.live : self.reached] = budget.edge_weights
        row[self.node_live : self.together] = budget.node_weights
        if budget.pair_weights is not None:
            row[self.together :] = budget.pair_weights
        return row

    def solve(self, objective: Vector, budgets: Sequence[LinearBudget]) -> Architecture | None:
        """Solve with each bound relaxed by SLACK, and forbid what is over budget by a hair."""
        for _ in range(MAX_CUTS):
            chosen = self.propose(objective, budgets)
            if chosen is None or all(cost_of_live(self.graph, chosen.live, b) <= b.bound for b in budgets):
                return chosen
            self.forbid([(switch,) for switch in switches_of(self.graph, chosen.live)], ())
        raise AssertionError(f"over {MAX_CUTS} architectures lie between a budget and the solver's tolerance")

    def forbid(self, on: Sequence[Sequence[int]], off: Sequence[int]) -> None:
        """Cut off every choice in which a switch of each group of `on` is on and the switches `off` are off. The
        switches of a group exclude each other."""
        some = [(switch, 1.0) for group in on for switch in group]
        self.row([*some, *((switch, -1.0) for switch in off)], upper=len(on) - 1.0)

    def propose(
        self, objective: Vector, budgets: Sequence[LinearBudget], nodes: int | None = None
    ) -> Architecture | None:
        """The best architecture by the solver's tolerance; None where there is none. Raises UnsolvedError where that
        takes more than so many nodes of the solver's tree."""
        below = [self._within(budget) for budget in budgets]
        lower, upper = np.zeros(self.size), np.ones(self.size)
        lower[self.reached + self.graph.node_index[self.graph.input.name]] = 1
        lower[self.needed + self.graph.node_index[self.graph.output.name]] = 1
        for presolve in (False, True):  # presolving calls some programs infeasible that are not
            found = self.minimise(objective, lower, upper, below, presolve=presolve, node_limit=nodes)
            if found.status == _SOLVED:
                return live_of(self.graph, found.x[: self.graph.switch_count] > 0.5)
            if found.status == _INFEASIBLE:
                return None
            if found.status == _OUT_OF_NODES:
                raise UnsolvedError
        raise AssertionError(f"the solver failed: {found.message}")

    def _within(self, budget: LinearBudget) -> tuple[Vector, float]:
        """The cost relative to the bound. What alone costs more than the bound may cost twice the bound: it can
        not be live either way, and large coefficients beside small ones mislead the solver. Sums of multiples of one
        number are such multiples, so that the bound can be lowered to one: few costs then lie a hair above it."""
        row, left = self.cost_row(budget), budget.bound - budget.constant
        step = _common_divisor(row)
        if step and np.isfinite(left):
            left = float(np.floor(left / step) * step)
        return np.minimum(row / budget.bound, 2.0), SLACK + left / budget.bound


def _common_divisor(weights: Vector) -> float:
    """The greatest number of which all weights are multiples, where they are whole numbers up to 2^53; 0 otherwise."""
    if (weights != np.floor(weights)).any() or (weights > 2.0**53).any():
        return 0.0
    return float(np.gcd.reduce(weights.astype(np.int64)))
