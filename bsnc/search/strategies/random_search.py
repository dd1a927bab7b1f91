"""Random search among the architectures within every limit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from bsnc.search.gates import Gates
from bsnc.search.ledger import Ledger
from bsnc.search.problem import Problem
from bsnc.search.project import project

DRAWS, ROUNDS = 256, 8
PATIENCE = 20
"""Rows drawn per evaluation."""


def search_randomly(ledger: Ledger, generator: torch.Generator) -> None:
    """Evaluate random feasible architectures until the evaluations are spent, or few are new."""
    gates = Gates(ledger.problem.graph, 0.5)
    for switches in islice(random_feasible(ledger.problem, generator), PATIENCE * ledger.limit):
        if ledger.is_spent:
            return
        ledger(switches[None], gates.live(switches[None]))


def random_feasible(problem: Problem, generator: torch.Generator) -> Iterator[Tensor]:
    """Switches `[S]`, one row after another without end: connected, within every limit.

    Each row is drawn at a keep rate of its own, 10% to 90%, options of categorical gates alike, until it is feasible.
    Where ROUNDS of DRAWS rows give none, random logits are projected instead.
    """
    misses = 0
    while True:
        rows = _draw(problem, generator) if misses < ROUNDS else _projected(problem, generator)
        misses = 0 if len(rows) and misses < ROUNDS else misses + 1
        yield from rows


def _draw(problem: Problem, generator: torch.Generator) -> Tensor:
    gates = Gates(problem.graph, 0.5)
    rates = 0.1 + 0.8 * torch.rand(DRAWS, 1, generator=generator)
    uniform = torch.rand(DRAWS, len(gates.logits), generator=generator)
    single = uniform < rates
    rows = torch.where(gates.is_single, single, gates.switches_at(uniform))
    return rows[problem.feasible(gates.live(rows))]


def _projected(problem: Problem, generator: torch.Generator) -> Tensor:
    logits = torch.randn(problem.graph.switch_count, generator=generator, dtype=torch.float64)
    found = project(problem.graph, logits.numpy(), problem.limits).architecture
    assert found is not None, "a problem that has a feasible architecture"
    return torch.from_numpy(found.switches)[None]
