"""Unit-time tasks of an architecture on cores: which there are, what each waits for, and which step runs it."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bsnc.ir import Edge, Graph


@dataclass(frozen=True)
class Part:
    """An edge, or a node's aggregation, between two *places*: it waits for the place that it `reads`, and the place
    that it `writes` waits for it. Place 2v is where the in-edges of node number v end, place 2v + 1 what v holds.

    `edge` is the index of the edge, None for an aggregation. A part that is no `task` takes no time and no core.
    """

    name: str
    edge: int | None
    reads: int
    writes: int
    task: bool


def parts_of(graph: Graph) -> tuple[Part, ...]:
    """The parts of a graph in the fixed order that settles ties: node by node in the graph's order, first the in-edges
    of a node in the graph's order, then its aggregation. Each part stands behind all that it waits for."""
    parts: list[Part] = []
    for v, (node, arriving) in enumerate(zip(graph.nodes, graph.in_edges, strict=True)):
        for i in arriving:
            edge = graph.edges[i]
            reads = 2 * graph.endpoints[i][0] + 1
            parts.append(Part(edge.name, i, reads, writes=2 * v, task=takes_a_step(edge)))
        if node.kind != "input":
            parts.append(Part(node.name, None, reads=2 * v, writes=2 * v + 1, task=True))
    return tuple(parts)


def takes_a_step(edge: Edge) -> bool:
    """Whether an edge is a task: `identity` and `dropout` are none."""
    return any(call.definition.unit_steps > 0 for call in edge.module)


def list_schedule(predecessors: Sequence[Sequence[int]], cores: int) -> list[list[int]]:
    """List scheduling of unit-time tasks: the tasks of each step, at most `cores`, those of highest priority first.

    `predecessors[t]` are the tasks that task t waits for, all of them before t. The priority of a task is its *level*,
    the number of tasks on the longest chain from it to an end (Hu, 1961); among equals the first goes first.
    """
    successors: list[list[int]] = [[] for _ in predecessors]
    levels = [1] * len(predecessors)
    for task in range(len(predecessors) - 1, -1, -1):
        for before in predecessors[task]:
            assert before < task, f"task {task} waits for {before}, which does not stand before it"
            successors[before].append(task)
            levels[before] = max(levels[before], levels[task] + 1)
    waits = [len(before) for before in predecessors]
    ready = [(-levels[task], task) for task, count in enumerate(waits) if count == 0]
    heapq.heapify(ready)
    steps: list[list[int]] = []
    while ready:
        steps.append([heapq.heappop(ready)[1] for _ in range(min(cores, len(ready)))])
        for after in (after for task in steps[-1] for after in successors[task]):
            waits[after] -= 1
            if waits[after] == 0:
                heapq.heappush(ready, (-levels[after], after))
    return steps


def schedule(graph: Graph, live: Collection[str], cores: int) -> list[list[str]]:
    """What each step of an architecture runs: names of edges, and of nodes for their aggregations.

    `live` names the live edges of one mask. Edges that are no task appear nowhere.
    """
    awaited: list[list[int]] = [[] for _ in range(2 * len(graph.nodes))]
    names: list[str] = []
    predecessors: list[list[int]] = []
    reached = {edge.target for edge in graph.edges if edge.name in live}
    for part in parts_of(graph):
        if part.name not in (reached if part.edge is None else live):
            continue
        if not part.task:
            awaited[part.writes] += awaited[part.reads]
            continue
        awaited[part.writes].append(len(names))
        names.append(part.name)
        predecessors.append(awaited[part.reads])
    return [[names[task] for task in step] for step in list_schedule(predecessors, cores)]
