"""Whether a search has ended: are the gates that matter decided?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from bsnc.search.architecture import live_rows
from bsnc.search.entropy import entropy_bits
from bsnc.search.gates import Gates
from bsnc.search.neighbours import one_gate_changed

DECIDED = 0.9
MAX_ENTROPY = 0.1
SETTLED = 0.75
"""A search that found its best later than after this share of its evaluations might have found better ones yet."""


@dataclass(frozen=True)
class Verdict:
    """Whether a search has ended, and why one may say so.

    `idle` gates are those whose every other value, alone, leaves the live graph of the most probable mask alike.
    Entropy (bits, mean) and open gates (no value has p ≥ 0.9) are taken over the gates that are not idle;
    `mean_entropy_all` is over all. `frozen_gates` learnt no more at the end of a joint search. Of a search without
    gates that learn all of these are 0.
    """

    converged: bool
    reason: str
    mean_entropy: float = 0.0
    open_gates: int = 0
    mean_entropy_all: float = 0.0
    idle_gates: int = 0
    gates: int = 0
    frozen_gates: int = 0


def judge(gates: Gates) -> Verdict:
    """The verdict on gates as they are now. Converged: no open gate and a mean entropy below MAX_ENTROPY."""
    count = len(gates.graph.gates)
    if count == 0:
        return Verdict(True, "there are no gates")
    idle = idle_gates(gates)
    entropy = entropy_bits(gates)
    busy = entropy[~idle]
    mean = float(busy.mean()) if len(busy) else 0.0
    open_count = int(((gates.certainties < DECIDED) & ~idle).sum())
    doubts = ((open_count > 0, f"open gates: {open_count}"), (mean >= MAX_ENTROPY, f"mean entropy {mean:.3f} bits"))
    reasons = [text for holds, text in doubts if holds]
    return Verdict(
        converged=not reasons,
        reason=", ".join(reasons) or "the gates are decided",
        mean_entropy=mean,
        open_gates=open_count,
        mean_entropy_all=float(entropy.mean()),
        idle_gates=int(idle.sum()),
        gates=count,
    )


def judge_evaluations(used: int, limit: float, found_at: int, gates: Gates | None) -> Verdict:
    """The verdict on a search that used so many of its evaluations and found its best by one of them. Converged: it ran
    out of architectures, as it does where `limit` is infinite, or found its best in the first SETTLED of its
    evaluations."""
    known = judge(gates) if gates else Verdict(False, "")
    if used < limit:
        return replace(known, converged=True, reason=f"nothing promising was left after {used} evaluations")
    return replace(known, converged=found_at <= SETTLED * limit, reason=f"the best of {used} is number {found_at}")


def idle_gates(gates: Gates) -> torch.Tensor:
    """`[G]` bool: no other value of the gate alone, in the most probable mask, changes a live edge."""
    graph, chosen = gates.graph, gates.most_probable.numpy()
    others, owners = one_gate_changed(graph, chosen)
    live = torch.from_numpy(live_rows(graph, np.concatenate([others, chosen[None]])))
    idle = torch.ones(len(graph.gates), dtype=torch.bool)
    idle[[owner for owner, differs in zip(owners, (live[:-1] != live[-1]).any(1), strict=True) if differs]] = False
    return idle
