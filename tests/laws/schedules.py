"""Schedules of unit-time tasks, by name and by the book: slow, short, and independent of the code under test."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from functools import cache

from bsnc.ir import Graph

Tasks = Mapping[str, frozenset[str]]
"""Name of each task, in the order that settles ties → names of the tasks that it waits for."""


def tasks_of(graph: Graph, live: Iterable[str]) -> Tasks:
    """The tasks of the live edges with these names."""
    kept = [edge for edge in graph.edges if edge.name in set(live)]
    free = {edge.name for edge in kept if {call.op for call in edge.module} <= {"identity", "dropout"}}

    def held_by(node: str) -> frozenset[str]:
        return frozenset() if node == graph.input.name else frozenset({node})

    tasks: dict[str, frozenset[str]] = {}
    for node in graph.nodes:
        arriving = [edge for edge in kept if edge.target == node.name]
        tasks |= {edge.name: held_by(edge.source) for edge in arriving if edge.name not in free}
        if arriving:
            waits = [held_by(e.source) if e.name in free else {e.name} for e in arriving]
            tasks[node.name] = frozenset().union(*waits)
    return tasks


def heights(tasks: Tasks) -> dict[str, int]:
    """For each task how many the longest chain from it to an end has."""

    @cache
    def height(task: str) -> int:
        return 1 + max((height(after) for after, waits in tasks.items() if task in waits), default=0)

    return {task: height(task) for task in tasks}


def critical_path(tasks: Tasks) -> int:
    return max(heights(tasks).values(), default=0)


def by_steps(tasks: Tasks, cores: int) -> list[set[str]]:
    """Step by step, those of the greatest height of all that wait for nothing more."""
    height, order, done = heights(tasks), list(tasks), set[str]()
    steps: list[set[str]] = []
    while len(done) < len(tasks):
        ready = [task for task in order if task not in done and tasks[task] <= done]
        chosen = sorted(ready, key=lambda task: (-height[task], order.index(task)))[:cores]
        steps.append(set(chosen))
        done |= steps[-1]
    return steps


def optimum(tasks: Tasks, cores: int) -> int:
    """The fewest steps of all schedules: every set of ready tasks that fits on the cores is tried in every step."""
    everything = frozenset(tasks)
    seen: set[frozenset[str]] = {frozenset()}
    for steps in itertools.count():
        if everything in seen:
            return steps
        seen = {done | set(step) for done in seen for step in _choices(tasks, done, cores)}
    raise AssertionError


def _choices(tasks: Tasks, done: frozenset[str], cores: int) -> Iterable[tuple[str, ...]]:
    ready = [task for task, waits in tasks.items() if task not in done and waits <= done]
    for count in range(1, min(cores, len(ready)) + 1):
        yield from itertools.combinations(ready, count)


def is_in_forest(tasks: Tasks) -> bool:
    """Whether at most one task waits for each: there Hu (1961) proved that highest level first is optimal."""
    waited_for = [before for waits in tasks.values() for before in waits]
    return len(waited_for) == len(set(waited_for))
