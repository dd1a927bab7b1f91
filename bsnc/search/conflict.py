"""Why a choice of switches can not be taken: few switches that say so, for cuts that cut off much at once.

A program proposes one choice; what is learnt from it should rule out many. Two arguments do:

- *Too much.* `Limit.floor` only grows with live edges, and these only grow with switches that are on. So where a set K
  of switches, all others off, makes edges live whose floor is over the bound, every choice in which K is on is over it
  too. That holds of categorical gates as well, though K alone may be no sample: a sample with K on has no fewer edges.
- *The same.* With the switches L of the live edges on and a set O of those that are off kept off, at least the edges
  of L are live, and at most those that are live when all switches but O are on. Where these are no more, the same
  edges are live in every choice with L on and O off, whatever its other switches do; so it costs the same.

K and O are made small by leaving out what is not needed (a deletion filter): none of their switches can be spared. An
option in K is then joined by others of its gate, where every way to take one option of each is over the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Graph
from bsnc.search.architecture import Architecture, live_rows, switches_of
from bsnc.search.limit import Limit
from bsnc.search.neighbours import Switches

Live = NDArray[np.bool_]
Test = Callable[[Switches], NDArray[np.bool_]]
"""What is true of sets of switches, as rows `[N, S]`: `[N]`."""
MAX_WAYS = 2048
MAX_ROUNDS = 100
MAX_TRIED = 64


@dataclass(frozen=True)
class Conflict:
    """No choice with a switch of each group of `on` on and the switches `off` off can be taken. A group is one switch,
    or some options of one gate."""

    on: tuple[tuple[int, ...], ...]
    off: tuple[int, ...] = ()


def conflicts(
    graph: Graph, chosen: Architecture, limits: Iterable[Limit], worth: Sequence[float]
) -> Iterator[Conflict]:
    """Reasons why a choice breaks limits, one or two for each limit that it breaks; each rules it out. What is `worth`
    least, `[S]`, is left out of a set first: the rest is then hardest to do without. Nothing where all limits hold."""
    live = chosen.live
    for limit in limits:
        if limit.holds(live[None])[0]:
            continue
        if limit.floor(live[None])[0] > limit.bound:
            for sign in (1.0, -1.0):
                yield too_much(graph, live, limit, [sign * value for value in worth])
        else:
            yield the_same(graph, chosen, worth)


def too_much(graph: Graph, live: Live, limit: Limit, worth: Sequence[float]) -> Conflict:
    """A small set of the switches of live edges `[E]` whose floor alone is over the bound, as that of them all is."""

    def over(rows: Switches) -> NDArray[np.bool_]:
        return limit.floor(live_rows(graph, rows)) > limit.bound

    return Conflict(_joined(graph, _needed(graph, switches_of(graph, live), worth, over), over))


def the_same(graph: Graph, chosen: Architecture, worth: Sequence[float]) -> Conflict:
    """Choices that make exactly the same edges live: some switches on, few off."""
    on = switches_of(graph, chosen.live)
    off = np.flatnonzero(~chosen.switches).tolist()

    def alike(rows: Switches) -> NDArray[np.bool_]:
        return (live_rows(graph, ~rows) == chosen.live).all(1)

    kept = _needed(graph, off, [-value for value in worth], alike)
    return Conflict(tuple((switch,) for switch in on), tuple(kept))


def _joined(graph: Graph, switches: Sequence[int], holds: Test) -> tuple[tuple[int, ...], ...]:
    """Groups that begin with these switches: every way to take one of each makes `holds` true. At most MAX_WAYS."""
    groups: list[tuple[int, ...]] = [(switch,) for switch in switches]
    options = {
        s: gate for kind, gate in zip(graph.gates, graph.gate_switches, strict=True) if kind.options for s in gate
    }
    for i, switch in enumerate(switches):
        for other in options.get(switch, ()):
            ways = list(product(*groups[:i], (other,), *groups[i + 1 :]))
            if other == switch or len(ways) > MAX_WAYS:
                continue
            rows = np.zeros((len(ways), graph.switch_count), dtype=bool)
            np.put_along_axis(rows, np.array(ways), True, axis=1)
            if holds(rows).all():
                groups[i] += (other,)
    return tuple(groups)


def _needed(graph: Graph, switches: Sequence[int], worth: Sequence[float], holds: Test) -> list[int]:
    """A subset of switches for which `holds` is true, as it is of all and of everything that contains such a subset;
    of no subset of it, unless MAX_ROUNDS were too few. Each round drops as many as it can, the least worth first, and
    finds one that must stay."""
    rest = sorted(switches, key=lambda switch: worth[switch])
    needed: list[int] = []
    for _ in range(MAX_ROUNDS):
        dropped = _spared(graph, needed, rest, holds)
        needed += rest[dropped : dropped + 1]
        rest = rest[dropped + 1 :]
        if not rest:
            break
    return needed + rest


def _spared(graph: Graph, needed: Sequence[int], rest: Sequence[int], holds: Test) -> int:
    """How many of `rest`, from the first on, can go so that `holds` stays true of the others and `needed`."""
    low, high = 0, len(rest) + 1
    while high - low > 1:
        tried = np.unique(np.linspace(low, high - 1, min(high - low, MAX_TRIED)).astype(int))
        rows = np.zeros((len(tried), graph.switch_count), dtype=bool)
        rows[:, list(needed)] = True
        for row, dropped in zip(rows, tried, strict=True):
            row[list(rest[dropped:])] = True
        last = int(np.flatnonzero(holds(rows))[-1])
        low, high = int(tried[last]), int(tried[last + 1]) if last + 1 < len(tried) else int(tried[last]) + 1
    return low
