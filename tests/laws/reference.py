"""What an SS-network computes, written out: node by node, edge by edge, batch norm by its formula.

The weights are those of a lowered network; the order of things, the choice of rows and the statistics are not.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bsnc.ir import Graph, Node, OpCall
from bsnc.lower import op_paths

from .brute_force import live_names

_ACTIVATIONS = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "hard_swish": functional.hardswish,
}
Statistics = dict[str, Tensor]


def activate(calls: tuple[OpCall, ...], value: Tensor) -> Tensor:
    """A node's pipeline."""
    for call in calls:
        if call.op == "leaky_relu":
            value = functional.leaky_relu(value, float(call.arguments["negative_slope"]))
        else:
            value = _ACTIVATIONS[call.op](value)
    return value


def run_training(
    graph: Graph, network: nn.Module, inputs: Tensor, masks: NDArray[np.bool_]
) -> tuple[Tensor, Statistics]:
    """Outputs in training mode, and the running statistics `<module>.running_mean|var` after this one step."""
    statistics = {k: v.clone() for k, v in network.named_buffers() if v.is_floating_point()}
    live = [live_names(graph, mask) for mask in masks]
    paths = op_paths(graph)
    values: dict[str, list[Tensor]] = {graph.input.name: list(inputs)}
    for node in graph.nodes:
        if node.kind == "input":
            continue
        arrived: list[dict[str, Tensor]] = [{} for _ in masks]
        for edge in graph.edges:
            rows = [b for b in range(len(masks)) if edge.name in live[b]]
            if edge.target != node.name or not rows:
                continue
            value = torch.stack([values[edge.source][b] for b in rows])
            for call, path in zip(edge.module, paths[edge.name], strict=True):
                module = network.get_submodule(path)
                value = _batch_norm(call, module, path, value, statistics) if call.op == "batch_norm" else module(value)
            for b, delivered in zip(rows, value, strict=True):
                arrived[b][edge.name] = delivered
        values[node.name] = [activate(node.activations, aggregate(node, one, inputs.dtype)) for one in arrived]
    return torch.stack(values[graph.output.name]), statistics


def aggregate(node: Node, arrived: dict[str, Tensor], dtype: torch.dtype) -> Tensor:
    """What a node makes of the tensors that live edges deliver."""
    if node.aggregation == "concat":
        sizes = [(slot.edge, (slot.channels, *node.shape[1:])) for slot in node.slots]
        return torch.cat([arrived.get(name, torch.zeros(size, dtype=dtype)) for name, size in sizes])
    if not arrived:
        return torch.zeros(node.shape, dtype=dtype)
    stacked = torch.stack(list(arrived.values()))
    return {"sum": stacked.sum(0), "mean": stacked.mean(0), "max": stacked.amax(0)}[node.aggregation]


def _batch_norm(call: OpCall, module: nn.Module, path: str, value: Tensor, statistics: Statistics) -> Tensor:
    """(x − mean) / √(var + ε) · scale + shift over examples and positions; statistics move by `momentum`."""
    given = cast(dict[str, Any], call.arguments)
    mean_name, variance_name = f"{path}.running_mean", f"{path}.running_var"
    over = [0, *range(2, value.dim())]
    count = value.numel() // value.shape[1]
    mean, variance = statistics[mean_name], statistics[variance_name]
    if count > 1:
        mean, variance = value.mean(over), value.var(over, correction=0)
        new = {mean_name: mean.detach(), variance_name: variance.detach() * count / (count - 1)}
        for name, seen in new.items():
            statistics[name] = (1 - given["momentum"]) * statistics[name] + given["momentum"] * seen
    shape = [1, -1, *(1 for _ in over[1:])]
    scale, shift = cast(Tensor, module.weight), cast(Tensor, module.bias)
    normal = (value - mean.reshape(shape)) / torch.sqrt(variance.reshape(shape) + given["eps"])
    return normal * scale.reshape(shape) + shift.reshape(shape)
