"""Random search among the architectures within every limit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from bsnc.search.ledger import Ledger
from bsnc.search.problem import Problem
from bsnc.search.wide import WideGates

DRAWS, ROUNDS = 256, 8
PATIENCE = 20
"""Rows drawn per evaluation."""


def search_randomly(ledger: Ledger, generator: torch.Generator) -> None:
    """Evaluate random feasible architectures until the evaluations are spent, or few are new."""
    gates = WideGates(ledger.problem.graph)
    for switches in islice(random_feasible(ledger.problem, generator), PATIENCE * ledger.limit):
        if ledger.is_spent:
            return
        ledger(switches[None], gates.live(switches[None]))


def random_feasible(problem: Problem, generator: torch.Generator) -> Iterator[Tensor]:
    """Switches `[S]`, one row after another without end: connected, within every limit.

    Rows are drawn at every size and those kept that are feasible. Where ROUNDS of DRAWS rows give none, random logits
    are projected instead.
    """
    gates, misses = WideGates(problem.graph), 0
    while misses < ROUNDS:
        rows = gates.draw(DRAWS, generator)
        rows = rows[problem.feasible(gates.live(rows))]
        misses = 0 if len(rows) else misses + 1
        yield from rows
    while True:
        logits = torch.randn(problem.graph.switch_count, generator=generator, dtype=torch.float64)
        found = problem.project(logits.numpy())
        assert found is not None, "a problem that has a feasible architecture"
        yield torch.from_numpy(found.switches)
