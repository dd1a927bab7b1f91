"""Regularised evolution (Real, Aggarwal, Huang & Le, AAAI 2019) among the architectures within every limit."""

from __future__ import annotations

from collections import deque
from itertools import islice

import torch
from torch import Tensor

from bsnc.search.gates import Gates
from bsnc.search.ledger import Ledger
from bsnc.search.neighbours import one_gate_changed
from bsnc.search.problem import Problem
from bsnc.search.strategies.random_search import random_feasible

POPULATION, TOURNAMENT = 50, 10
PATIENCE = 3
"""Children per evaluation: many of a converged population were seen before, and here cost nothing."""


def evolve(ledger: Ledger, generator: torch.Generator) -> None:
    """The best of TOURNAMENT members has a child, one gate mutated, that replaces the oldest member."""
    gates = Gates(ledger.problem.graph, 0.5)
    population: deque[tuple[float, Tensor]] = deque(maxlen=POPULATION)
    for switches in islice(random_feasible(ledger.problem, generator), min(POPULATION, ledger.limit)):
        population.append((_loss(ledger, gates, switches), switches))
    for _ in range(PATIENCE * ledger.limit):
        if ledger.is_spent:
            return
        drawn = torch.randperm(len(population), generator=generator)[:TOURNAMENT].tolist()
        parent = min((population[i] for i in drawn), key=lambda member: member[0])[1]
        child = _mutate(ledger.problem, gates, parent, generator)
        population.append((_loss(ledger, gates, child), child))


def _mutate(problem: Problem, gates: Gates, parent: Tensor, generator: torch.Generator) -> Tensor:
    """A feasible row in which one gate has another value, and so, where nothing else counts, other edges are live; the
    parent itself where there is none."""
    rows = torch.from_numpy(one_gate_changed(problem.graph, parent.numpy())[0])
    live = gates.live(rows)
    changed = (live != gates.live(parent[None])).any(1) | (not problem.of_live)
    rows = rows[problem.feasible(live) & changed]
    if not len(rows):
        return parent
    return rows[int(torch.randint(len(rows), (1,), generator=generator))]


def _loss(ledger: Ledger, gates: Gates, switches: Tensor) -> float:
    return float(ledger(switches[None], gates.live(switches[None]))[0])
