"""Whether a search has ended: are the gates that matter decided?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from bsnc.search.architecture import live_rows
from bsnc.search.entropy import entropy_bits
from bsnc.search.gates import Gates
from bsnc.search.neighbours import one_gate_changed

DECIDED = 0.9
MAX_ENTROPY = 0.1


@dataclass(frozen=True)
class Verdict:
    """`idle` gates are those whose every other value, alone, leaves the live graph of the most probable mask alike.

    Entropy (bits, mean) and open gates (no value has p ≥ 0.9) are taken over the gates that are not idle;
    `mean_entropy_all` is over all. Converged: no open gate and a mean entropy below 0.1.
    """

    converged: bool
    mean_entropy: float
    open_gates: int
    mean_entropy_all: float
    idle_gates: int
    gates: int


def judge(gates: Gates) -> Verdict:
    """The verdict on the gates as they are now."""
    count = len(gates.graph.gates)
    if count == 0:
        return Verdict(True, 0.0, 0, 0.0, 0, 0)
    idle = idle_gates(gates)
    entropy = entropy_bits(gates)
    is_open = (gates.certainties < DECIDED) & ~idle
    busy = entropy[~idle]
    mean = float(busy.mean()) if len(busy) else 0.0
    open_count = int(is_open.sum())
    return Verdict(
        converged=open_count == 0 and mean < MAX_ENTROPY,
        mean_entropy=mean,
        open_gates=open_count,
        mean_entropy_all=float(entropy.mean()),
        idle_gates=int(idle.sum()),
        gates=count,
    )


def idle_gates(gates: Gates) -> torch.Tensor:
    """`[G]` bool: no other value of the gate alone, in the most probable mask, changes a live edge."""
    graph, chosen = gates.graph, gates.most_probable.numpy()
    others, owners = one_gate_changed(graph, chosen)
    live = torch.from_numpy(live_rows(graph, np.concatenate([others, chosen[None]])))
    idle = torch.ones(len(graph.gates), dtype=torch.bool)
    idle[[owner for owner, differs in zip(owners, (live[:-1] != live[-1]).any(1), strict=True) if differs]] = False
    return idle
