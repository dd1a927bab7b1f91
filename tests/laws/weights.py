"""Weights as training might leave them, and the networks of single examples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, fx, nn

from bsnc.ir import Graph
from bsnc.lower import copy_weights, lower_static
from bsnc.passes import ApplyArchitecture


@contextmanager
def one_thread() -> Iterator[None]:
    """Small networks run faster on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@torch.no_grad()
def randomise(module: nn.Module, seed: int = 0) -> None:
    """Random weights, biases, scales, shifts and running statistics: nothing is left at 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in (*module.named_parameters(), *module.named_buffers()):
        if not value.is_floating_point():
            continue
        drawn = torch.randn(value.shape, generator=generator, dtype=torch.float64) * 0.5
        positive = name.endswith("running_var")
        value.copy_(drawn.abs() + 0.5 if positive else drawn + 0.2)


def examples(graph: Graph, count: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Random inputs `[count, …]`."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, *graph.input.shape, generator=generator, dtype=torch.float64).to(dtype)


def pruned(graph: Graph, network: nn.Module, live: list[str]) -> fx.GraphModule | None:
    """The plain network of the architecture with these live edges, weights copied; None where no edge is live."""
    architecture = ApplyArchitecture(live).run(graph).graph
    if not architecture.edges:
        return None
    plain = lower_static(architecture).to(next(network.parameters(), torch.zeros(0)).dtype)
    copy_weights(network, graph, plain, architecture)
    return plain.train(network.training)


def names_of(graph: Graph, live: Tensor) -> list[str]:
    """Names of the edges where a row `[E]` is true."""
    return [edge.name for edge, is_live in zip(graph.edges, live.tolist(), strict=True) if is_live]
