"""The rest of the evaluations goes to where the losses seen so far promise most."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bsnc.ir import Graph
from bsnc.search.gates import Gates
from bsnc.search.ledger import Ledger
from bsnc.search.neighbours import one_gate_changed
from bsnc.search.surrogate import Surrogate

AT_ONCE = 8
"""Evaluations between two fits."""
PARENTS, CHILDREN = 8, 64
"""The best architectures, around which candidates lie, and of each how many in which two or three gates differ."""


def refine(ledger: Ledger, gates: Gates, generator: torch.Generator) -> None:
    """Fit a surrogate to all that was seen, evaluate the AT_ONCE feasible candidates that it likes best, again and
    again until the evaluations are spent or nothing is left. Candidates lie around the best architectures; where all
    of these are known, further from more of them."""
    reach = 1
    while not ledger.is_spent and reach < MAX_REACH:
        rows = _candidates(ledger, gates, reach, generator)
        if not len(rows):
            reach += 1
            continue
        seen = torch.from_numpy(np.stack([s.architecture.live for s in ledger.seen]))
        losses = torch.tensor([s.loss for s in ledger.seen], dtype=torch.float64)
        surrogate = Surrogate(used_switches(gates.graph, seen), losses)
        live = gates.live(rows)
        order = surrogate(used_switches(gates.graph, live)).argsort(stable=True)[:AT_ONCE]
        ledger(rows[order], live[order])


MAX_REACH = 6


def used_switches(graph: Graph, live: Tensor) -> Tensor:
    """Live edges `[B, E]` → which switches are on and have a live edge, `[B, S]`."""
    used = torch.zeros(len(live), graph.switch_count, dtype=torch.bool)
    for edge, switch in enumerate(graph.edge_switches):
        if switch is not None:
            used[:, switch] |= live[:, edge]
    return used


def _candidates(ledger: Ledger, gates: Gates, reach: int, generator: torch.Generator) -> Tensor:
    """Feasible rows `[N, S]` that were not evaluated."""
    graph, parents = gates.graph, ledger.best(PARENTS * reach**2)
    parts = [torch.from_numpy(one_gate_changed(graph, parent.architecture.switches)[0]) for parent in parents]
    for parent in parents:
        rows = torch.from_numpy(parent.architecture.switches).expand(CHILDREN, -1).clone()
        for changes in range(1 + reach):
            some = slice(None) if changes < 2 else torch.rand(CHILDREN, generator=generator) < 0.5
            rows[some] = _with_a_gate_changed(graph, rows[some], generator)
        parts.append(rows)
    rows = torch.cat(parts)
    live = gates.live(rows)
    fresh = ledger.unknown(rows, live)
    return rows[fresh][ledger.problem.feasible(live[fresh])]


def _with_a_gate_changed(graph: Graph, rows: Tensor, generator: torch.Generator) -> Tensor:
    """Rows `[N, S]` in each of which one gate has another value, if it has more than one."""
    rows = rows.clone()
    chosen = torch.randint(len(graph.gates), (len(rows),), generator=generator)
    values = torch.rand(len(rows), generator=generator)
    for number, (gate, columns) in enumerate(zip(graph.gates, graph.gate_switches, strict=True)):
        mine = (chosen == number).nonzero().flatten()
        if gate.kind == "bernoulli":
            rows[mine, columns.start] = ~rows[mine, columns.start]
            continue
        old = rows[mine, columns.start : columns.stop].int().argmax(1)
        new = (old + 1 + (values[mine] * (len(columns) - 1)).long()) % len(columns)
        rows[mine, columns.start : columns.stop] = new[:, None] == torch.arange(len(columns))
    return rows
