"""`weights` and `memory` of an ONNX file: its tensors, and what lies in memory while its operators run in order."""

from __future__ import annotations

from dataclasses import dataclass

from bsnc.export.metadata import Provenance
from bsnc.export.model_graph import ModelGraph, uncountable
from bsnc.export.settings import only_settings
from bsnc.export.tasks import Task

_MADE_OF_CONSTANTS = frozenset({"Constant", "Flatten", "Identity", "Reshape", "Shape", "Squeeze", "Unsqueeze"})
"""Operators that may have nothing but constants to read: they take no room."""


def recount_weights(file: ModelGraph) -> int:
    """Bytes of the tensors in the file that are data: all but those that are only there to say how an operator works.
    What no operator reads counts too. Single numbers outside of any tensor do not.

    Raises Diagnosed (BSN516) for data that is computed of constants: it would be as large, and be stored nowhere.
    """
    for node in file.graph.node:
        if node.op_type not in _MADE_OF_CONSTANTS and file.constants.issuperset(node.output):
            raise uncountable(f"`{node.output[0]}` is computed of constants alone, which bsnc never writes")
    settings = only_settings(file.graph.node, statistics=False)
    return sum(stored.bytes for name, stored in file.stored.items() if stored.dims and name not in settings)


def recount_tensors(file: ModelGraph, tasks: list[Task], provenance: Provenance | None) -> int:
    """The most bytes of activations that lie in memory while one task runs, in the order of the file.

    An activation lies in memory from the op that makes it to the last one that reads it. A result is written over an
    operand where the op works element by element, no later op reads the operand, and it was made by the same edge, or
    for an aggregation by an edge that arrives there: the rule of `memory` for the graph. Without metadata who made the
    operand plays no part.
    """
    inputs = [value.name for value in file.graph.input if value.name not in file.tensors]
    ends = _last_reads(file, tasks)
    memory = _Memory(file, provenance, ends)
    for name in inputs:
        memory.make(name, "input", 0)
    for moment, task in enumerate(tasks):
        memory.run(moment, task)
    return memory.peak(len(tasks))


def _last_reads(file: ModelGraph, tasks: list[Task]) -> dict[str, int]:
    last: dict[str, int] = {}
    for moment, task in enumerate(tasks):
        last |= dict.fromkeys(task.operands, moment)
    return last | {value.name: len(tasks) for value in file.graph.output}


@dataclass
class _Place:
    """Where a value lies, or several that share it; `maker` is the edge or the node that made the first."""

    maker: str | None
    size: int
    first: int
    last: int


class _Memory:
    def __init__(self, file: ModelGraph, provenance: Provenance | None, ends: dict[str, int]) -> None:
        self.file, self.provenance, self.ends = file, provenance, ends
        self.places: dict[str, _Place] = {}

    def make(self, name: str, maker: str | None, moment: int) -> None:
        self.places[name] = _Place(maker, self.file.bytes(name), moment, max(moment, self.ends.get(name, moment)))

    def run(self, moment: int, task: Task) -> None:
        for result in task.results:
            place = self._taken_over(task, result, moment)
            if place is None:
                self.make(result, _owner(task.op), moment)
                continue
            self.places[result] = place
            place.last = max(place.last, self.ends.get(result, moment))

    def _taken_over(self, task: Task, result: str, moment: int) -> _Place | None:
        if result in task.views:
            return self.places[task.views[result]]
        for operand in task.over[result]:
            place = self.places[operand]
            if place.last == moment and self._may_write(task.op, place):
                return place
        return None

    def _may_write(self, op: str | None, place: _Place) -> bool:
        if self.provenance is None or op is None:
            return True
        owner = _owner(op)
        if op.startswith("edges.") or place.maker is None:
            return place.maker == owner
        wired = self.provenance.wiring.get(place.maker.removeprefix("edges."))
        return place.maker == owner or (wired is not None and f"nodes.{wired[1]}" == owner)

    def peak(self, moments: int) -> int:
        """Most bytes at any moment."""
        change = [0] * (moments + 2)
        for place in {id(place): place for place in self.places.values()}.values():
            change[place.first] += place.size
            change[place.last + 1] -= place.size
        total, most = 0, 0
        for moment in range(moments):
            total += change[moment]
            most = max(most, total)
        return most


def _owner(op: str | None) -> str | None:
    """`edges.x__h.conv` → `edges.x__h`."""
    return None if op is None else op.rpartition(".")[0]
