"""Costs over the architectures of a graph: least, greatest, expected."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from bsnc.cost import Cost, Given, cost_of
from bsnc.ir import CostKey, Graph, Program, every_cost
from bsnc.search import FEW, Gates, every_sample, initial_gates, least, most, sample_count
from bsnc.train import limit_of

SAMPLES, LEAST_SAMPLES = 8192, 1024
SAMPLED_EDGES = 2**23
"""Of large graphs fewer samples are drawn, so that they have about so many edges together: the more edges one has, the
less its cost varies."""
ROWS = 512
"""So many of them are drawn at a time: the numbers that decide take 32 times the room of what they decide."""


@dataclass(frozen=True)
class CostRange:
    """A cost over the architectures of a graph, in its unit.

    `minimum` and `maximum` are the costs of the cheapest and the costliest connected architecture found; none costs
    less than `lowest` or more than `highest`, which are equal to them where that is proved. `expected` is the mean over
    gate samples at their initial probabilities, exact where there are at most FEW of them, else over draws of a fixed
    seed: SAMPLES, of large graphs fewer.
    """

    key: CostKey
    minimum: float
    maximum: float
    expected: float
    lowest: float
    highest: float


def known_costs(program: Program, given: Given) -> dict[CostKey, Cost]:
    """Every cost that needs no measuring and no option, then the others of the budgets, as far as they are known."""
    keys = dict.fromkeys((*every_cost(), *(budget.cost for budget in program.budgets)))
    return {key: cost_of(key, program.graph, given) for key in keys if given.tells(key)}


def cost_range(cost: Cost, graph: Graph, live: torch.Tensor, weights: torch.Tensor) -> CostRange:
    """The range of a cost; live edges `[N, E]` and weights `[N]` are those of `initial_samples`."""
    low, high = least(graph, limit_of(cost)), most(graph, limit_of(cost))
    lowest = low.bound if cost.key.signature.dimension == "seconds" else float(math.ceil(low.bound - 1e-6))
    expected = float((cost(live) * weights).sum())
    return CostRange(cost.key, low.value, high.value, expected, min(lowest, low.value), high.bound)


def initial_samples(graph: Graph, p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Live edges `[N, E]` of samples at the initial probabilities, p for a Bernoulli gate without one of its own, and
    their weights `[N]`, which sum to 1: every sample there is, or some that are drawn."""
    gates = initial_gates(graph, p)
    if sample_count(graph) <= FEW:
        switches = torch.from_numpy(every_sample(graph))
        return gates.live(switches), _probabilities(gates, switches)
    generator = torch.Generator().manual_seed(0)
    count = max(LEAST_SAMPLES, min(SAMPLES, SAMPLED_EDGES // len(graph.edges)))
    live = torch.cat([gates.live(gates.draw(ROWS, generator)) for _ in range(-(-count // ROWS))])
    return live, torch.full((len(live),), 1 / len(live), dtype=torch.float64)


def _probabilities(gates: Gates, switches: torch.Tensor) -> torch.Tensor:
    """Samples `[N, S]` → probabilities `[N]`."""
    weights = torch.ones(len(switches), dtype=torch.float64)
    for gate, columns in zip(gates.graph.gates, gates.graph.gate_switches, strict=True):
        p, on = gates.probabilities.double()[list(columns)], switches[:, list(columns)]
        weights *= (on * p).sum(1) if gate.kind == "categorical" else torch.where(on, p, 1 - p)[:, 0]
    return weights
