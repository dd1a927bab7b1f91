"""Steps of unit-time tasks on a number of cores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsnc.cost.linear import LinearCost
from bsnc.cost.schedule import Part, parts_of
from bsnc.ir import CostKey, Graph

Whole = NDArray[np.int64]
Truth = NDArray[np.bool_]
ROWS = 2048
"""So many examples are scheduled at a time: more than these lie too far apart in memory."""


@dataclass(frozen=True)
class Steps:
    """`steps(cores = n)`: the makespan of list scheduling, tasks of highest level first, at most n a step.

    Tasks are the live edges with an op that takes a step, one an edge, and the aggregations of the live nodes; see
    `list_schedule` for the priority and `parts_of` for the order that settles ties. It does not grow with the live
    edges: another edge may change the priorities for the better (Graham, 1969).

    A level falls along every chain, so in order of priority each task stands behind all that it waits for. Step by
    step, the best ready tasks each; or task by task in order of priority, the first step that has a core left: for
    unit-time tasks both give the same schedule, since no task can delay one of higher priority. The second is what a
    call does, one task of every example at a time. That is a few thousand operations on B numbers: they run on the
    host, as liveness does.
    """

    key: CostKey
    graph: Graph

    @property
    def cores(self) -> int:
        return self.key.number("cores")

    @property
    def grows(self) -> bool:
        return False

    @property
    def below(self) -> tuple[LinearCost, ...]:
        """The work divided by the cores, up to rounding; and the tasks on the shortest path of the graph."""
        parts = self._parts
        takes = {part.edge: part.task / self.cores for part in parts if part.edge is not None}
        index = self.graph.edge_index
        nodes = [0.0 if node.kind == "input" else 1 / self.cores for node in self.graph.nodes]
        work = LinearCost.of(self.key, self.graph, lambda edge: takes[index[edge.name]], nodes)
        nothing = [0.0] * len(nodes)
        return work, LinearCost.of(self.key, self.graph, lambda _: 0.0, nothing, self._shortest())

    def __call__(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` (bool) → steps `[B]` (float64), on the device of `live`."""
        rows = live.cpu().split(ROWS)
        steps = np.concatenate([self._makespan(self._present(some)) for some in rows])
        return torch.from_numpy(steps).to(live.device, torch.float64)

    def lower_bound(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` (bool) → max(critical path, ⌈work / cores⌉) `[B]` (float64): no schedule is shorter."""
        present = self._present(live)
        bound = np.maximum(self._levels(present)[1], -(-self._work(present) // self.cores))
        return torch.from_numpy(bound).to(live.device, torch.float64)

    @cached_property
    def _parts(self) -> tuple[Part, ...]:
        return parts_of(self.graph)

    @cached_property
    def _is_task(self) -> Truth:
        return np.array([part.task for part in self._parts])

    def _shortest(self) -> float:
        """Tasks on the path from input to output that has the fewest; 0 where there is no path."""
        least = [np.inf] * (2 * len(self.graph.nodes))
        least[self._start] = 0
        for part in self._parts:
            least[part.writes] = min(least[part.writes], least[part.reads] + part.task)
        return float(least[self._end]) if least[self._end] < np.inf else 0.0

    @property
    def _start(self) -> int:
        """The place of what the input node holds."""
        return 2 * self.graph.node_index[self.graph.input.name] + 1

    @property
    def _end(self) -> int:
        return 2 * self.graph.node_index[self.graph.output.name] + 1

    def _makespan(self, present: Truth) -> Whole:
        """Live parts `[P, B]` → steps `[B]`."""
        if self.cores == 1:
            return self._work(present)
        levels, longest = self._levels(present)
        if self._widest(levels) <= self.cores:
            return longest
        graham = longest + self._work(present) // self.cores
        return self._simulate(present, levels, int(graham.max()))

    def _present(self, live: Tensor) -> Truth:
        """Live edges `[B, E]` → live parts `[P, B]`; an aggregation is live where an in-edge is."""
        edges = np.ascontiguousarray(live.cpu().numpy().T)
        reached = np.zeros((2 * len(self.graph.nodes), edges.shape[1]), dtype=bool)
        present = np.empty((len(self._parts), edges.shape[1]), dtype=bool)
        for row, part in zip(present, self._parts, strict=True):
            row[:] = reached[part.reads] if part.edge is None else edges[part.edge]
            reached[part.writes] |= row
        return present

    def _levels(self, present: Truth) -> tuple[Whole, Whole]:
        """Tasks on the longest chain from each part to the end `[P, B]`, 0 where it is not live, and on the critical
        path `[B]`."""
        levels = np.zeros(present.shape, dtype=np.int64)
        ahead = np.zeros((2 * len(self.graph.nodes), present.shape[1]), dtype=np.int64)
        for i in range(len(self._parts) - 1, -1, -1):
            part = self._parts[i]
            np.multiply(ahead[part.writes] + part.task, present[i], out=levels[i])
            np.maximum(ahead[part.reads], levels[i], out=ahead[part.reads])
        return levels, ahead[self._start]

    def _work(self, present: Truth) -> Whole:
        return present[self._is_task].sum(0)

    def _widest(self, levels: Whole) -> int:
        """The most tasks of one level in one example. With as many cores each step runs a whole level."""
        tasks = levels[self._is_task]
        batch = tasks.shape[1]
        counts = np.bincount((tasks * batch + np.arange(batch)).ravel())
        return int(counts[batch:].max(initial=0))

    def _by_priority(self, present: Truth, levels: Whole) -> Whole:
        """Parts in the order in which they are placed, `[at most P, B]`: by level, then by the fixed order; P stands
        for none. An edge that is no task has the level of its target's aggregation, and comes before it."""
        count = len(self._parts)
        keys = (levels * (count + 1) + np.arange(count, 0, -1)[:, None]) * present
        keys.sort(axis=0)
        return count - keys[: -1 - int(present.sum(0).max()) : -1] % (count + 1)

    def _simulate(self, present: Truth, levels: Whole, most: int) -> Whole:
        """The makespan `[B]`, at most `most` (Graham bounds it). Moment t of example b is the number t · B + b."""
        batch = present.shape[1]
        examples = np.arange(batch)
        order = self._by_priority(present, levels)
        places = 2 * len(self.graph.nodes)
        reads = np.array([part.reads for part in self._parts] + [places])[order] * batch + examples
        writes = np.array([part.writes for part in self._parts] + [places])[order] * batch + examples
        tasks = np.append(self._is_task, False)[order]
        moments = np.tile(examples, places + 1)
        cores = _Cores(self.cores, most + 1, batch)
        for read, write, task in zip(reads, writes, tasks, strict=True):
            done = cores.take(moments[read], task)
            moments[write] = np.maximum(moments[write], done)
        return moments.reshape(-1, batch)[self._end] // batch


class _Cores:
    """The cores that are free at each moment of each example. `later[m]` leads towards the first moment from m on that
    has a core left: that is m itself, or what `later[m]` leads to (a forest of disjoint sets)."""

    def __init__(self, cores: int, moments: int, batch: int) -> None:
        self.batch = batch
        self.left = np.full(moments * batch, cores)
        self.later = np.arange(moments * batch)

    def take(self, earliest: Whole, task: Truth) -> Whole:
        """A core for every example `[B]` where there is a task, at the first moment from `earliest` on; the moments
        after it, or where there is no task that first moment itself: what waits for it could not begin earlier."""
        found = self.later[earliest]
        further = self.later[found]
        while (found != further).any():
            found, further = further, self.later[further]
        self.later[earliest] = found
        left = self.left[found] - task
        self.left[found] = left
        self.later[found] = found + self.batch * (left == 0)
        return found + self.batch * task
