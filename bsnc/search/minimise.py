"""The search as an engine on its own: gates, a loss, limits and a number of evaluations in; an architecture out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from bsnc.ir import SearchConfig, Strategy
from bsnc.search.architecture import Architecture, live_rows
from bsnc.search.enumeration import every_sample, sample_count
from bsnc.search.learner import GateLearner
from bsnc.search.ledger import Ledger
from bsnc.search.problem import Problem
from bsnc.search.strategies import evolve, follow_policy_gradient, search_randomly

BLACK_BOX = SearchConfig(init=0.5, gate_lr=1.0)
"""What was best on the problems of `benchmarks/search.py`."""


class NothingFeasible(Exception):  # noqa: N818
    """No architecture is known that is connected and within every limit."""


@dataclass(frozen=True)
class Found:
    """The feasible architecture of least loss that was evaluated, how many were, by which it was found, and what gates
    learnt, where the strategy has any."""

    architecture: Architecture
    loss: float
    evaluations: int
    found_at: int
    learner: GateLearner | None


def minimise(
    problem: Problem,
    evaluations: int,
    strategy: Strategy = "policy_gradient",
    seed: int = 0,
    config: SearchConfig = BLACK_BOX,
) -> Found:
    """Make the loss of a problem small with at most so many evaluations of it; one seed fixes the result.

    Where the gates have no more samples than that, every feasible one is evaluated, whatever the strategy.
    Raises NothingFeasible where no architecture is known to be feasible, FloatingPointError where a loss is not finite,
    ValueError for less than one evaluation.
    """
    if evaluations < 1:
        raise ValueError("a search needs at least one evaluation")
    if problem.project(np.zeros(problem.graph.switch_count)) is None:
        raise NothingFeasible("no connected architecture within every limit was found")
    ledger, generator, learner = Ledger(problem, evaluations), torch.Generator().manual_seed(seed), None
    if sample_count(problem.graph) <= evaluations:
        _evaluate_all(ledger)
    elif strategy == "policy_gradient":
        learner = follow_policy_gradient(ledger, config, generator)
    elif strategy == "evolution":
        evolve(ledger, generator)
    else:
        search_randomly(ledger, generator)
    best = ledger.best(1)[0]
    return Found(best.architecture, best.loss, ledger.used, best.order + 1, learner)


def _evaluate_all(ledger: Ledger) -> None:
    rows = every_sample(ledger.problem.graph)
    switches, live = torch.from_numpy(rows), torch.from_numpy(live_rows(ledger.problem.graph, rows))
    feasible = ledger.problem.feasible(live)
    ledger(switches[feasible], live[feasible])
