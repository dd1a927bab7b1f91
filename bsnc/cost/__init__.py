"""Costs of live subgraphs. Each cost is defined in its own file; all take live edges `[B, E]` → `[B]`."""

from bsnc.cost.cost import Cost, Given
from bsnc.cost.extern import ExternCost
from bsnc.cost.flops import low_resolution
from bsnc.cost.latency_table import LatencyTable
from bsnc.cost.linear import LinearCost
from bsnc.cost.memory import Memory
from bsnc.cost.registry import cost_of, costs_of_masks
from bsnc.cost.schedule import list_schedule, schedule, takes_a_step
from bsnc.cost.steps import Steps

__all__ = [
    "Cost",
    "ExternCost",
    "Given",
    "LatencyTable",
    "LinearCost",
    "Memory",
    "Steps",
    "cost_of",
    "costs_of_masks",
    "list_schedule",
    "low_resolution",
    "schedule",
    "takes_a_step",
]
