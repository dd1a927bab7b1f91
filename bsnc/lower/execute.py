"""How an SS-network computes what it gives: always the same, at different speed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, fx

from bsnc.ir import Execution
from bsnc.lower.dense import run_dense
from bsnc.lower.scheduled import run_scheduled


def execute(network: fx.GraphModule, taken: Sequence[Tensor], execution: Execution) -> Tensor:
    """What a network gives, `[B, …]`, for what it takes: examples `[B, …]`, and masks `[B, E]` if it is an SS-network.

    `rows` runs each edge on its live rows and leaves the backward pass to autograd; `scheduled` does that itself, node
    by node; `dense` runs every edge on all rows. Relaxed masks are always executed by rows, and so is what has no
    backward pass, unless it is to be dense.
    """
    x, *masks = taken
    if not masks or masks[0].requires_grad or execution == "rows":
        return network(x, *masks)
    if execution == "dense":
        return run_dense(network, x, masks[0])
    return run_scheduled(network, x, masks[0]) if torch.is_grad_enabled() and network.training else network(x, *masks)
