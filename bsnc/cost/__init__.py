"""Costs of live subgraphs. Each cost is defined in its own file; all take live edges `[B, E]` → `[B]`."""

from bsnc.cost.flops import low_resolution
from bsnc.cost.linear import Cost, LinearCost
from bsnc.cost.registry import cost_of, costs_of_masks

__all__ = ["Cost", "LinearCost", "cost_of", "costs_of_masks", "low_resolution"]
