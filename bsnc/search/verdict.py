"""Whether a search has ended: are the gates that matter decided?"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bsnc.ir import live_edges
from bsnc.search.gates import Gates, expand_gates
from bsnc.search.penalty import entropy_bits

OPEN = (0.1, 0.9)
MAX_ENTROPY = 0.1


@dataclass(frozen=True)
class Verdict:
    """`idle` gates are those whose flip, alone, leaves the live graph of the most probable mask as it is.

    Entropy (bits, mean) and open gates (0.1 < p < 0.9) are taken over the gates that are not idle;
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
    p = gates.probabilities
    if len(p) == 0:
        return Verdict(True, 0.0, 0, 0.0, 0, 0)
    idle = idle_gates(gates)
    entropy = entropy_bits(p)
    is_open = (p > OPEN[0]) & (p < OPEN[1]) & ~idle
    busy = entropy[~idle]
    mean = float(busy.mean()) if len(busy) else 0.0
    open_count = int(is_open.sum())
    return Verdict(
        converged=open_count == 0 and mean < MAX_ENTROPY,
        mean_entropy=mean,
        open_gates=open_count,
        mean_entropy_all=float(entropy.mean()),
        idle_gates=int(idle.sum()),
        gates=len(p),
    )


def idle_gates(gates: Gates) -> torch.Tensor:
    """`[G]` bool: flipping the gate alone in the most probable mask changes no live edge."""
    chosen = gates.probabilities > 0.5
    count = len(chosen)
    flips = chosen.repeat(count + 1, 1)
    flips[torch.arange(count), torch.arange(count)] ^= True
    live = torch.from_numpy(live_edges(gates.graph, expand_gates(gates.graph, flips).numpy()))
    return (live[:-1] == live[-1]).all(1)
