"""What lies in memory when, as a function of which edges are live: the plan behind `memory`.

Each moment at which an op runs is a *row*. What lies there is a sum of *terms*, each for a stretch of rows and under a
*condition* that is monotone in the live edges: an edge is live; some edge of a group is; an edge and some edge of a
group are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bsnc.cost.weights import bytes_of
from bsnc.ir import Edge, Graph, Node, makes_tensor, mixing_call, narrowed, removable, scheduled_arrivals
from bsnc.ops import Shape


@dataclass(frozen=True)
class MemoryPlan:
    """Conditions are numbered: edges first, then `groups`, then `pairs` of an edge and a group.

    A term (condition, first row, last row, bytes) adds to the rows of its stretch where its condition holds; row r
    counts where condition `gates[r]` does. Every architecture needs `least` bytes.
    """

    edges: int
    groups: tuple[tuple[int, ...], ...]
    pairs: tuple[tuple[int, int], ...]
    terms: tuple[tuple[int, int, int, int], ...]
    gates: tuple[int, ...]
    moments: tuple[str, ...]
    """For each row the edge or the node that is at work."""
    least: float


Sized = list[tuple[int, int]]
"""The bytes of a tensor: a sum over (edge, bytes where it is live)."""
Condition = tuple[int | None, tuple[int, ...]]
"""(an edge or None, a group or nothing)."""


class Planner:
    """Walks the schedule of a graph once and collects rows and terms."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.narrow = {v for v in removable(graph) if len(graph.nodes[v].slots) == len(graph.in_edges[v])}
        self.gates: list[Condition] = []
        self.moments: list[str] = []
        self.terms: list[tuple[Condition, int, int, int]] = []
        self.reads: dict[int, list[tuple[int, int]]] = defaultdict(list)
        """Node → (the row in which an edge reads it, that edge)."""
        self.done: dict[int, int] = {}
        """Node → its last row: what it holds is there after that."""
        self.alone: dict[int, int] = {}
        """Edge → bytes that it needs whatever else is live, where it makes a tensor whose size is always the same."""

    def plan(self) -> MemoryPlan:
        for number, node in enumerate(self.graph.nodes):
            self._arrive(number, node)
            self.done[number] = len(self.gates) - 1
        for number in range(len(self.graph.nodes)):
            self._hold(number)
        return self._numbered()

    # ---- moments ----

    def _arrive(self, number: int, node: Node) -> None:
        """The rows of a node: those of its in-edges, and the copying of a concatenation."""
        if node.aggregation == "concat" and len(node.slots) > 1:
            if number in self.narrow:
                self._join(number)
            elif self.graph.in_edges[number]:
                self._join_padded(number, node)
            return
        earlier: list[int] = []
        for e in scheduled_arrivals(self.graph, number):
            start = len(self.gates)
            if makes_tensor(self.graph.edges[e]):
                self._run(e)
                self._add((None, tuple(earlier)), start, len(self.gates) - 1, bytes_of(node.shape))
            else:
                self._row(self.graph.edges[e].name, (e, ()), [(e, bytes_of(node.shape))], reads=e)
            earlier.append(e)

    def _join(self, number: int) -> None:
        """A concatenation that is as wide as what is live: arrivals lie there until the last one is there, then they
        are copied. One that comes alone is not, unless another node holds it."""
        arriving = self.graph.in_edges[number]
        held: list[tuple[int, int]] = []
        for e in arriving:
            if makes_tensor(self.graph.edges[e]):
                self._run(e)
                held.append((e, len(self.gates)))
        gates: list[Condition] = [(e, tuple(arriving[:i])) for i, e in enumerate(arriving) if i]
        gates += [(e, ()) for e in arriving if not makes_tensor(self.graph.edges[e])]
        for gate in gates:
            self._row(self.graph.nodes[number].name, gate, [(e, self._slot(number, e)) for e in arriving])
        last = len(self.gates) - 1
        for e, first in held:
            self._add((e, ()), first, last, self._slot(number, e))
        self._read_at(last, arriving)

    def _join_padded(self, number: int, node: Node) -> None:
        """A concatenation with zeros in the place of what is not live: each arrival is padded, then all are copied. An
        upper bound: as if every slot up to an arrival were padded with it."""
        filled = {
            slot.edge: sum(bytes_of((s.channels, *node.shape[1:])) for s in node.slots[: i + 1])
            for i, slot in enumerate(node.slots)
        }
        arriving, earlier = self.graph.in_edges[number], list[int]()
        for e in arriving:
            start, upto = len(self.gates), filled[self.graph.edges[e].name]
            own = self._slot(number, e)
            if makes_tensor(self.graph.edges[e]):
                self._run(e)
                self._add((None, tuple(earlier)), start, len(self.gates) - 1, upto - own)
            self._row(node.name, (e, ()), [(e, upto + own)])
            earlier.append(e)
        self._row(node.name, (None, arriving), [])
        self._add((None, arriving), len(self.gates) - 1, len(self.gates) - 1, 2 * bytes_of(node.shape))
        self._read_at(len(self.gates) - 1, arriving)

    def _read_at(self, row: int, arriving: Sequence[int]) -> None:
        """Edges that make no tensor of their own need their sources up to a row."""
        for e in arriving:
            if not makes_tensor(self.graph.edges[e]):
                self.reads[self.graph.endpoints[e][0]].append((row, e))

    def _run(self, e: int) -> None:
        """A row for each op of an edge that makes a tensor; of those after the first the largest will do, where the
        edge is as wide whatever is live."""
        edge, before = self.graph.edges[e], Sized()
        rows: list[Sized] = []
        for call, size in zip(edge.module, self._sizes(e, edge), strict=True):
            result = call.definition.result
            if result == "new" or (result == "in place" and not before):
                rows.append([*before, *size])
                before = size
        if self.graph.endpoints[e][0] not in self.narrow and len(rows) > 2:
            rows[1:] = [max(rows[1:], key=lambda row: sum(size for _, size in row))]
        for i, row in enumerate(rows):
            self._row(edge.name, (e, ()), row, reads=e if i == 0 else None)
        if self.graph.endpoints[e][0] not in self.narrow:
            made = [sum(size for _, size in row) for row in rows]
            held = bytes_of(self.graph.nodes[self.graph.endpoints[e][0]].shape)
            self.alone[e] = max(held + made[0], *made)

    def _row(self, moment: str, gate: Condition, made: Iterable[tuple[int, int]], reads: int | None = None) -> None:
        row = len(self.gates)
        self.gates.append(gate)
        self.moments.append(moment)
        for e, size in made:
            self._add((e, ()), row, row, size)
        if reads is not None:
            self.reads[self.graph.endpoints[reads][0]].append((row, reads))

    # ---- sizes ----

    def _sizes(self, e: int, edge: Edge) -> list[Sized]:
        """For each op of an edge what its result takes; up to the op that mixes channels a sum over the slots of a
        source whose channels go with their edges."""
        source = self.graph.endpoints[e][0]
        whole = [[(e, bytes_of(call.out_shape))] for call in edge.module]
        if source not in self.narrow:
            return whole
        last = mixing_call(edge)
        assert last is not None, f"{edge.name} mixes no channels"
        shapes = {a: self._slot_shape(source, a) for a in self.graph.in_edges[source]}
        parts = {a: narrowed(edge, shape).module for a, shape in shapes.items()}
        return [[(a, bytes_of(module[i].out_shape)) for a, module in parts.items()] for i in range(last)] + whole[last:]

    def _slot_shape(self, number: int, e: int) -> Shape:
        node, name = self.graph.nodes[number], self.graph.edges[e].name
        return (next(slot.channels for slot in node.slots if slot.edge == name), *node.shape[1:])

    def _slot(self, number: int, e: int) -> int:
        return bytes_of(self._slot_shape(number, e))

    # ---- stretches ----

    def _hold(self, number: int) -> None:
        """What a node holds lies there as long as a live edge will read it."""
        reads, start = self.reads[number], self.done[number] + 1
        for row in sorted({row for row, _ in reads}):
            readers = tuple(sorted(e for r, e in reads if r >= row))
            if number in self.narrow:
                for a in self.graph.in_edges[number]:
                    self._add((a, readers), start, row, self._slot(number, a))
            else:
                self._add((None, readers), start, row, bytes_of(self.graph.nodes[number].shape))
            start = row + 1

    def _add(self, condition: Condition, first: int, last: int, size: int) -> None:
        if condition != (None, ()) and first <= last:
            self.terms.append((condition, first, last, size))

    # ---- the plan ----

    def _numbered(self) -> MemoryPlan:
        conditions = [*self.gates, *(term[0] for term in self.terms)]
        groups = list(dict.fromkeys(group for _, group in conditions if group))
        number = {group: len(self.graph.edges) + i for i, group in enumerate(groups)}
        pairs = list(dict.fromkeys((e, group) for e, group in conditions if e is not None and group))
        both = {pair: len(self.graph.edges) + len(groups) + i for i, pair in enumerate(pairs)}

        def numbered(condition: Condition) -> int:
            edge, group = condition
            if edge is None:
                return number[group]
            return both[edge, group] if group else edge

        return MemoryPlan(
            len(self.graph.edges),
            tuple(groups),
            tuple((e, number[group] - len(self.graph.edges)) for e, group in pairs),
            tuple((numbered(condition), first, last, size) for condition, first, last, size in self.terms),
            tuple(map(numbered, self.gates)),
            tuple(self.moments),
            self._least(),
        )

    def _least(self) -> float:
        """An architecture has a path from input to output, and a path needs what the worst of its edges does: the least
        of that over all paths."""
        least = [float("inf")] * len(self.graph.nodes)
        least[self.graph.node_index[self.graph.input.name]] = bytes_of(self.graph.input.shape)
        for e, (source, target) in enumerate(self.graph.endpoints):
            least[target] = min(least[target], max(least[source], self.alone.get(e, 0)))
        found = least[self.graph.node_index[self.graph.output.name]]
        return found if found < float("inf") else 0.0
