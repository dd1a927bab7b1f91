"""From the name of a cost to the cost of a graph."""

from __future__ import annotations

import torch
from torch import Tensor

from bsnc.cost.cost import Cost, Given
from bsnc.cost.extern import ExternCost
from bsnc.cost.flops import executed, veniat2018
from bsnc.cost.latency import latency
from bsnc.cost.memory import Memory
from bsnc.cost.params import params
from bsnc.cost.steps import Steps
from bsnc.cost.weights import weights
from bsnc.ir import CostKey, Graph, live_edges


def cost_of(key: CostKey, graph: Graph, given: Given | None = None) -> Cost:
    """The cost of this name on this graph. `latency` and `extern` need what `given` holds."""
    match key.name:
        case "flops":
            return veniat2018(graph) if key.options else executed(graph)
        case "params":
            return params(graph)
        case "weights":
            return weights(graph)
        case "memory":
            return Memory(key, graph)
        case "steps":
            return Steps(key, graph)
        case "latency":
            return latency(key, graph, (given or Given()).latency[key])
        case "extern":
            return ExternCost(key, graph, (given or Given()).functions[key.function])
        case _:
            raise AssertionError(f"cost {key} has no definition")


def costs_of_masks(key: CostKey, graph: Graph, masks: Tensor, given: Given | None = None) -> Tensor:
    """Masks `[B, E]` (bool) → cost of their live subgraphs `[B]` (float64)."""
    live = torch.from_numpy(live_edges(graph, masks.cpu().numpy())).to(masks.device)
    return cost_of(key, graph, given)(live)
