"""Costs of live subgraphs. Each cost is defined in its own file; all take live edges `[B, E]` → `[B]`."""

from bsnc.cost.cost import Cost, Given
from bsnc.cost.extern import ExternCost
from bsnc.cost.flops import low_resolution
from bsnc.cost.latency_table import LatencyTable
from bsnc.cost.linear import LinearCost
from bsnc.cost.registry import cost_of, costs_of_masks

__all__ = ["Cost", "ExternCost", "Given", "LatencyTable", "LinearCost", "cost_of", "costs_of_masks", "low_resolution"]
