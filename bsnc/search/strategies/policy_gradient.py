"""Gates learn by policy gradient; what they have seen then guides a local search."""

from __future__ import annotations

import torch
from torch import Tensor

from bsnc.ir import SearchConfig
from bsnc.search.gates import Sample
from bsnc.search.learner import GateLearner
from bsnc.search.ledger import Ledger
from bsnc.search.strategies.refine import refine

BATCH = 16
SHARE = 0.4
"""Of the evaluations that the gates get."""
PATIENCE = 3
"""Samples per evaluation that they may draw: those of gates that are nearly decided are known and cost nothing."""


def follow_policy_gradient(
    ledger: Ledger, config: SearchConfig, generator: torch.Generator, share: float = SHARE
) -> GateLearner:
    """Learn on `share` of the evaluations, project the gates, refine with the rest; what the gates know at the end."""
    problem = ledger.problem
    learner = GateLearner(problem.graph, problem.costs, problem.bounds, config)
    planned = share * ledger.limit
    steps = int(PATIENCE * planned / BATCH)
    for step in range(steps):
        if ledger.used + BATCH > planned:
            break
        sample = learner.sample(BATCH, generator)
        losses = _losses(ledger, learner, sample)
        learner.learn(sample, losses, problem.costs(sample.live), max(ledger.used / planned, step / steps))
    found = problem.project(learner.gates.logits.double().numpy())
    assert found is not None, "a problem that has a feasible architecture"
    ledger(torch.from_numpy(found.switches)[None], torch.from_numpy(found.live)[None])
    refine(ledger, learner.gates, generator)
    return learner


def _losses(ledger: Ledger, learner: GateLearner, sample: Sample) -> Tensor:
    """Losses `[B]` in units of the spread of all seen so far, so that one learning rate serves any loss."""
    if not learner.estimator.differentiates:
        losses = ledger(sample.switches, sample.live)
        return losses / _spread(ledger)
    losses = ledger.through(sample)
    (losses.mean() / _spread(ledger)).backward()
    return losses.detach() / _spread(ledger)


def _spread(ledger: Ledger) -> float:
    """Median absolute deviation from the median, as that of a normal distribution would be its deviation."""
    losses = torch.tensor([seen.loss for seen in ledger.seen], dtype=torch.float64)
    return float((losses - losses.median()).abs().median()) * 1.4826 or 1.0
