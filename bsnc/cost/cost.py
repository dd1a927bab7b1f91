"""What a cost is, and what some costs need to know beside the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from torch import Tensor

from bsnc.cost.latency_table import LatencyTable
from bsnc.ir import CostKey, Graph

if TYPE_CHECKING:
    from bsnc.cost.linear import LinearCost


class Cost(Protocol):
    """A cost of the live subgraphs of one graph: live edges `[B, E]` (bool) → cost `[B]` (float64).

    A row without live edges, an inconsistent mask, costs 0.
    """

    @property
    def key(self) -> CostKey: ...

    @property
    def grows(self) -> bool:
        """Whether it never falls where live edges are added."""
        ...

    @property
    def below(self) -> tuple[LinearCost, ...]:
        """Linear costs that never exceed this one; where it is linear, itself alone."""
        ...

    def lower_bound(self, live: Tensor) -> Tensor:
        """Live edges `[B, E]` → `[B]` (float64), never more than the cost, and never less where live edges are added;
        the cost itself where it grows."""
        ...

    def __call__(self, live: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Given:
    """What a graph does not tell: tables of measured latencies, and the user's own functions by `package.module:name`,
    each from the graph of an architecture to its cost."""

    latency: Mapping[CostKey, LatencyTable] = field(default_factory=dict[CostKey, LatencyTable])
    functions: Mapping[str, Callable[[Graph], float]] = field(default_factory=dict[str, Callable[[Graph], float]])

    def tells(self, key: CostKey) -> bool:
        """Whether enough is known to count a cost."""
        return key.signature.source != "measured" or key in self.latency
