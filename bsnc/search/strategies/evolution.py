"""Regularised evolution (Real, Aggarwal, Huang & Le, AAAI 2019) among the architectures within every limit."""

from __future__ import annotations

from collections import deque

import torch
from torch import Tensor

from bsnc.search.gates import Gates
from bsnc.search.ledger import Ledger
from bsnc.search.neighbours import one_gate_changed
from bsnc.search.strategies.random_search import random_feasible

POPULATION, TOURNAMENT = 50, 10
PATIENCE = 20
"""Members per evaluation: random ones may be known."""


def evolve(ledger: Ledger, generator: torch.Generator) -> None:
    """The best of TOURNAMENT members has a child, one gate mutated, that replaces the oldest member.

    The first POPULATION members, or a quarter of the evaluations if that is less, are random; so is a child where no
    mutant is new.
    """
    gates = Gates(ledger.problem.graph, 0.5)
    founders = min(POPULATION, max(TOURNAMENT, ledger.limit // 4))
    population: deque[tuple[float, Tensor]] = deque(maxlen=founders)
    chance = random_feasible(ledger.problem, generator)
    for _ in range(PATIENCE * ledger.limit):
        if ledger.is_spent:
            return
        child = None
        if len(population) == founders:
            drawn = torch.randperm(founders, generator=generator)[:TOURNAMENT].tolist()
            parent = min((population[i] for i in drawn), key=lambda member: member[0])[1]
            child = _mutate(ledger, gates, parent, generator)
        switches = next(chance) if child is None else child
        population.append((_loss(ledger, gates, switches), switches))


def _mutate(ledger: Ledger, gates: Gates, parent: Tensor, generator: torch.Generator) -> Tensor | None:
    """A row in which one gate has another value, feasible and not evaluated yet; None where there is none."""
    rows = torch.from_numpy(one_gate_changed(ledger.problem.graph, parent.numpy())[0])
    live = gates.live(rows)
    feasible = ledger.problem.feasible(live)
    rows, live = rows[feasible], live[feasible]
    fresh = ledger.unknown(rows, live)
    return rows[fresh[int(torch.randint(len(fresh), (1,), generator=generator))]] if len(fresh) else None


def _loss(ledger: Ledger, gates: Gates, switches: Tensor) -> float:
    return float(ledger(switches[None], gates.live(switches[None]))[0])
