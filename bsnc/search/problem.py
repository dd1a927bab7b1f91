"""What a search needs to know: gates, a loss of their samples, bounds on costs. No network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsnc.ir import Edge, Gate, Graph, Node, OpCall
from bsnc.search.architecture import Architecture, Vector
from bsnc.search.limit import Count, Limit
from bsnc.search.project import project

Loss = Callable[[Tensor, Tensor], Tensor]
"""(switches `[B, S]`, live edges `[B, E]`), both bool → losses `[B]`. Of samples that come from an estimator that
`differentiates` the switches are numbers through which a gradient must flow."""


@dataclass(frozen=True)
class Problem:
    """Make `loss` small over the connected architectures of a graph that are within every limit.

    `of_live`: the loss is told by the live edges alone, so that samples with the same ones need one evaluation.
    """

    graph: Graph
    loss: Loss
    limits: tuple[Limit, ...] = ()
    of_live: bool = True

    def costs(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` → costs `[B, K]`, float64."""
        columns = [torch.from_numpy(limit.count(live.numpy())) for limit in self.limits]
        return torch.stack(columns, 1).double() if columns else torch.zeros(len(live), 0, dtype=torch.float64)

    @property
    def bounds(self) -> list[float]:
        return [limit.bound for limit in self.limits]

    def feasible(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` → whether each row is connected and within every limit, `[B]`."""
        within = live.any(1)
        for limit in self.limits:
            within &= torch.from_numpy(limit.holds(live.numpy()))
        return within

    def project(self, logits: Vector) -> Architecture | None:
        """The most probable feasible architecture for logits `[S]`, as far as was searched; where that finds none, the
        one for equal logits, and None only where that finds none either."""
        found = project(self.graph, logits, self.limits).architecture
        return found or project(self.graph, np.zeros_like(logits), self.limits).architecture


def limit_of_function(count: Count, bound: float) -> Limit:
    """`count(live) ≤ bound` where nothing else is known of the cost but that it is at least 0; count takes live edges
    `[B, E]`, gives `[B]`."""

    def zero(live: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.zeros(len(live))

    return Limit(count, bound, zero)


def free_gates(values: Sequence[int]) -> Graph:
    """A graph of gates that belong to no network: 1 makes a Bernoulli gate, n > 1 a categorical one of n options.

    Each switch has an edge of its own that is live where the switch is on; beside those of a gate a fixed edge keeps
    input and output connected.
    """
    call = OpCall(op="identity", in_shape=(1,), out_shape=(1,))
    hidden = [Node(name=f"v[{i}]", shape=(1,)) for i in range(1, len(values))]
    first, last = Node(name="v[0]", kind="input", shape=(1,)), Node(name=f"v[{len(values)}]", kind="output", shape=(1,))
    edges: list[Edge] = []
    gates: list[Gate] = []
    for i, count in enumerate(values):
        gate, source, target = f"g[{i}]", f"v[{i}]", f"v[{i + 1}]"
        options = tuple(str(option) for option in range(count)) if count > 1 else ()
        gates.append(Gate(name=gate, kind="categorical" if options else "bernoulli", options=options))
        for option in range(count):
            number = option if options else None
            name = f"{gate}={option}" if options else f"{gate}=on"
            edges.append(Edge(name=name, source=source, target=target, module=(call,), gate=gate, option=number))
        edges.append(Edge(name=f"fixed[{i}]", source=source, target=target, module=(call,)))
    return Graph(name="gates", nodes=(first, *hidden, last), edges=tuple(edges), gates=tuple(gates))
