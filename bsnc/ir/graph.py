"""The graph IR: an S-network with shapes, on one screen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bsnc.ops import OPS, Op, Scalar, Shape

Probability = Annotated[float, Field(gt=0, lt=1)]


class Frozen(BaseModel):
    """Base of everything in the IR: immutable, closed, comparable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OpCall(Frozen):
    """An op with all its arguments, applied to an example of `in_shape`."""

    op: str
    arguments: dict[str, Scalar] = {}
    in_shape: Shape
    out_shape: Shape

    @property
    def definition(self) -> Op:
        return OPS[self.op]


class Slot(Frozen):
    """The next `channels` channels of a node that concatenates, filled by an edge, or zero where that is not live."""

    edge: str
    channels: int


class Node(Frozen):
    """Holds a tensor: the aggregate of what its live in-edges deliver, then elementwise activations.

    `sum`, `mean` and `max` are elementwise and over the live in-edges; `concat` joins them along the first dimension,
    one slot an edge. With no live in-edge the aggregate is zero. The input node has no in-edges: it holds the example.
    """

    name: str
    kind: Literal["input", "hidden", "output"] = "hidden"
    shape: Shape
    aggregation: Literal["sum", "mean", "max", "concat"] = "sum"
    slots: tuple[Slot, ...] = ()
    activations: tuple[OpCall, ...] = ()


class Gate(Frozen):
    """A random variable that keeps or drops the edges that name it; one draw per example.

    It consists of *switches*, of which each of its edges follows one: a Bernoulli gate is a single switch, a
    categorical gate has one per option, and exactly one of them is on.
    """

    name: str
    kind: Literal["bernoulli", "categorical"] = "bernoulli"
    options: tuple[str, ...] = ()
    """Of a categorical gate: how the spec writes each option."""
    init: Probability | None = None
    """Of a Bernoulli gate: the probability at which it starts; None is that of the search."""

    @property
    def switches(self) -> int:
        return len(self.options) if self.kind == "categorical" else 1


class Edge(Frozen):
    """Carries a module, a chain of ops, from `source` to `target`. Without a gate it is fixed: always kept.

    The name is stable: `h[0,1]->h[1,1]`, and `h[0,1]->h[1,1]#1`, `#2`, … for further parallel edges. `option` is the
    switch that the edge follows, where its gate is categorical.
    """

    name: str
    source: str
    target: str
    module: tuple[OpCall, ...] = Field(min_length=1)
    gate: str | None = None
    option: int | None = None


class Graph(Frozen):
    """An S-network. Nodes stand in a topological order; edges stand in the order of their targets.

    The order of `edges` is the order of the columns of masks `[B, E]`; that of `gates`, and of the switches of each,
    is the order of the columns of samples `[B, S]`.
    """

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    gates: tuple[Gate, ...] = ()

    @cached_property
    def node_index(self) -> dict[str, int]:
        return {node.name: i for i, node in enumerate(self.nodes)}

    @cached_property
    def edge_index(self) -> dict[str, int]:
        return {edge.name: i for i, edge in enumerate(self.edges)}

    @cached_property
    def gate_index(self) -> dict[str, int]:
        return {gate.name: i for i, gate in enumerate(self.gates)}

    @cached_property
    def endpoints(self) -> tuple[tuple[int, int], ...]:
        """(source, target) of every edge, as indices of nodes."""
        return tuple((self.node_index[e.source], self.node_index[e.target]) for e in self.edges)

    @cached_property
    def in_edges(self) -> tuple[tuple[int, ...], ...]:
        """For every node, the indices of the edges that arrive."""
        arriving: list[list[int]] = [[] for _ in self.nodes]
        for i, (_, target) in enumerate(self.endpoints):
            arriving[target].append(i)
        return tuple(tuple(edges) for edges in arriving)

    @cached_property
    def gate_switches(self) -> tuple[range, ...]:
        """For every gate, the indices of its switches."""
        ends = list(accumulate(gate.switches for gate in self.gates))
        return tuple(range(end - gate.switches, end) for gate, end in zip(self.gates, ends, strict=True))

    @cached_property
    def switch_count(self) -> int:
        return sum(gate.switches for gate in self.gates)

    @cached_property
    def edge_switches(self) -> tuple[int | None, ...]:
        """For every edge, the index of the switch that it follows, or None for a fixed edge."""
        first = {gate.name: switches.start for gate, switches in zip(self.gates, self.gate_switches, strict=True)}
        return tuple(None if e.gate is None else first[e.gate] + (e.option or 0) for e in self.edges)

    @cached_property
    def input(self) -> Node:
        return next(node for node in self.nodes if node.kind == "input")

    @cached_property
    def output(self) -> Node:
        return next(node for node in self.nodes if node.kind == "output")

    def keeping(self, edges: Iterable[str]) -> Graph:
        """The graph with only these edges and the nodes that they touch; input and output always stay.

        Order is preserved; gates that no edge names any more are dropped.
        """
        wanted = set(edges)
        kept = tuple(e for e in self.edges if e.name in wanted)
        touched = {e.source for e in kept} | {e.target for e in kept}
        nodes = tuple(n for n in self.nodes if n.name in touched or n.kind != "hidden")
        used = {e.gate for e in kept}
        gates = tuple(g for g in self.gates if g.name in used)
        return Graph(name=self.name, nodes=nodes, edges=kept, gates=gates)
