"""The graph IR: an S-network with shapes, on one screen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bsnc.ops import OPS, Op, Scalar, Shape


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


class Node(Frozen):
    """Holds a tensor: the aggregate of what its live in-edges deliver, then elementwise activations.

    With no live in-edge the aggregate is zero. The input node has no in-edges: it holds the example.
    """

    name: str
    kind: Literal["input", "hidden", "output"] = "hidden"
    shape: Shape
    aggregation: Literal["sum"] = "sum"
    activations: tuple[OpCall, ...] = ()


class Gate(Frozen):
    """A random variable that keeps or drops the edges that name it; one draw per example."""

    name: str
    kind: Literal["bernoulli"] = "bernoulli"


class Edge(Frozen):
    """Carries a module, a chain of ops, from `source` to `target`. Without a gate it is fixed: always kept.

    The name is stable: `h[0,1]->h[1,1]`, and `h[0,1]->h[1,1]#1`, `#2`, … for further parallel edges.
    """

    name: str
    source: str
    target: str
    module: tuple[OpCall, ...] = Field(min_length=1)
    gate: str | None = None


class Graph(Frozen):
    """An S-network. Nodes stand in a topological order; edges stand in the order of their targets.

    The order of `edges` is the order of the columns of masks `[B, E]`, that of `gates` of gate samples `[B, G]`.
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
    def edge_gates(self) -> tuple[int | None, ...]:
        """For every edge, the index of its gate, or None for a fixed edge."""
        return tuple(None if e.gate is None else self.gate_index[e.gate] for e in self.edges)

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
