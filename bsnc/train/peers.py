"""Architectures that held-out losses cannot tell apart, and which of them a search takes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bsnc.train.bounds import BudgetTable

Judged = tuple[Tensor, Tensor]
"""The live edges `[E]` of an architecture and the loss of each example held out, `[N]`."""


def peers_of(best: Tensor, judged: Sequence[Judged]) -> Tensor:
    """Live edges `[P, E]` of all architectures judged whose loss exceeds that of `best` `[E]` by no more than the
    standard error of the difference, example by example."""
    rows, losses = (torch.stack(column) for column in zip(*judged, strict=True))
    reference = losses[(rows == best).all(1)][0]
    difference = losses - reference
    error = difference.std(1, correction=0) / len(reference) ** 0.5
    return rows[difference.mean(1) <= error]


def costliest_peer(best: Tensor, peers: Tensor, budgets: BudgetTable) -> Tensor:
    """Of architectures `[P, E]` as good as the best for all that can be told, itself among them, the connected one
    within the budgets that uses most of them: losses by shared weights are noisy and put large networks at a
    disadvantage."""
    costs = budgets.costs(peers)
    if not costs.shape[1]:
        return best
    bounds = torch.tensor(budgets.bounds, dtype=torch.float64)
    allowed = peers.any(1) & (costs <= bounds).all(1)
    used = torch.where(allowed, (costs / bounds).sum(1), -torch.inf)
    return best if used[(peers == best).all(1)].max() == used.max() else peers[int(used.argmax())]
