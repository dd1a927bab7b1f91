"""From the name of a cost to the cost of a graph."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bsnc.cost.flops import executed, veniat2018
from bsnc.cost.linear import LinearCost
from bsnc.cost.params import params
from bsnc.ir import CostKey, Graph, live_edges

_COSTS: dict[str, Callable[[Graph], LinearCost]] = {
    "flops": executed,
    "flops(count = veniat2018)": veniat2018,
    "params": params,
}


def cost_of(key: CostKey, graph: Graph) -> LinearCost:
    """The cost of this name on this graph."""
    return _COSTS[str(key)](graph)


def costs_of_masks(key: CostKey, graph: Graph, masks: Tensor) -> Tensor:
    """Masks `[B, E]` (bool) → cost of their live subgraphs `[B]` (float64)."""
    live = torch.from_numpy(live_edges(graph, masks.cpu().numpy())).to(masks.device)
    return cost_of(key, graph)(live)
