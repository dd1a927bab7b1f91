"""Local search over architectures: one gate changed at a time, or one opened while another closes.

Where all the neighbours are more work than MAX_WORK, some are looked at, spread evenly over the gates.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Graph
from bsnc.search.architecture import Architecture, live_of, live_rows

Switches = NDArray[np.bool_]
Score = Callable[[Switches, NDArray[np.bool_]], NDArray[np.float64]]
"""(switches `[N, S]`, live edges `[N, E]`) → what to make great, `[N]`; −∞ where a row may not be taken."""
MAX_WORK = 10**7
"""Edges of all rows that one climb looks at."""
MAX_PAIRS = 4096


def climb(graph: Graph, start: Switches, score: Score) -> Architecture:
    """From switches `[S]` the best neighbour, again and again, until none is better or MAX_WORK is done."""
    best, work = start, 0
    height = float(score(best[None], live_rows(graph, best[None]))[0])
    while work < MAX_WORK:
        for around in (_one_gate, _two_gates):
            rows = around(graph, best)
            scores = score(rows, live_rows(graph, rows)) if len(rows) else np.array([-np.inf])
            work += len(rows) * len(graph.edges)
            if float(scores.max()) > height:
                break
        else:
            break
        best, height = rows[int(scores.argmax())], float(scores.max())
    return live_of(graph, best)


def one_gate_changed(graph: Graph, switches: Switches, most: int | None = None) -> tuple[Switches, list[int]]:
    """Rows in which one gate has another value than in `switches`, `[N, S]`, and the number of that gate: all, or
    `most` of them."""
    changes = [
        (number, switch)
        for number, (gate, columns) in enumerate(zip(graph.gates, graph.gate_switches, strict=True))
        for switch in columns
        if gate.kind == "bernoulli" or not switches[switch]
    ]
    if most is not None:
        changes = changes[:: -(-len(changes) // most) or 1]
    rows: list[Switches] = []
    for number, switch in changes:
        columns, row = graph.gate_switches[number], switches.copy()
        row[columns.start : columns.stop] = False
        row[switch] = ~switches[switch]
        rows.append(row)
    owners = [number for number, _ in changes]
    return np.array(rows, dtype=bool).reshape(len(rows), graph.switch_count), owners


def _one_gate(graph: Graph, switches: Switches) -> Switches:
    return one_gate_changed(graph, switches, _most_rows(graph))[0]


def _most_rows(graph: Graph) -> int:
    return max(1, MAX_WORK // len(graph.edges))


def _two_gates(graph: Graph, switches: Switches) -> Switches:
    """Rows in which one Bernoulli gate opens and another closes, the first MAX_PAIRS of them, or fewer."""
    single = [columns.start for gate, columns in zip(graph.gates, graph.gate_switches, strict=True) if not gate.options]
    closed = [s for s in single if not switches[s]]
    opened = [s for s in single if switches[s]]
    pairs = list(islice(product(closed, opened), min(MAX_PAIRS, _most_rows(graph))))
    rows = np.repeat(switches[None], len(pairs), axis=0)
    for row, (c, o) in zip(rows, pairs, strict=True):
        row[c], row[o] = True, False
    return rows
