"""How undecided gates are."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bsnc.search.gates import Gates


def entropy_bits(gates: Gates) -> Tensor:
    """The entropy of each gate, `[G]` (float64), in bits: 0 where it is decided."""
    totals = torch.zeros(len(gates.graph.gates), dtype=torch.float64)
    return totals.index_add(0, gates.owner, _terms(gates)) / math.log(2)


def entropy_gradient(gates: Gates) -> Tensor:
    """∂ Σ entropy / ∂ logits, `[S]`, in nats: −logit · p · (1 − p) of a Bernoulli gate, −p · (log p + entropy) of an
    option of a categorical one."""
    p, owner = gates.probabilities, gates.owner
    totals = torch.zeros(len(gates.graph.gates), dtype=torch.float64).index_add(0, owner, _terms(gates))
    categorical = -(p * (torch.log(p) + totals[owner].to(p.dtype)))
    return torch.where(_is_categorical(gates)[owner], categorical, -gates.logits * p * (1 - p))


def _terms(gates: Gates) -> Tensor:
    """Per switch −p log p; a switch that is a gate of its own counts for being off too."""
    p = gates.probabilities.double()
    off = -torch.xlogy(1 - p, 1 - p)
    return -torch.xlogy(p, p) + torch.where(_is_categorical(gates)[gates.owner], 0.0, off)


def _is_categorical(gates: Gates) -> Tensor:
    return torch.tensor([gate.kind == "categorical" for gate in gates.graph.gates], dtype=torch.bool)
