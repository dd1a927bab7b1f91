"""The shipped specs, whole and small, and masks that say which option each gate takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from bsnc.cost import costs_of_masks
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import CostKey, Gate, Graph, Program

SPECS = Path(__file__).parents[2] / "specs"
FLOPS, PARAMS = CostKey(name="flops"), CostKey(name="params")

SMALL: dict[str, tuple[str, ...]] = {
    "b_cnf_cifar10": ("layers=3", "channels=3", "size=8", "classes=3"),
    "b_cnf_cifar100": ("layers=2", "channels=3", "size=4", "classes=3"),
    "b_resnet_cifar10": ("depth=2", "widths=[4, 6]", "classes=3"),
    "b_resnet_cifar100": ("depth=2", "widths=[2, 3]", "classes=3"),
    "cnf": ("layers=3", "channels=3", "size=8", "classes=3"),
    "digits": ("layers=3", "channels=3", "classes=3"),
    "mlp": ("features=5", "layers=2", "slices=3", "units=4", "classes=3"),
    "mobilenet": ("size=32", "widths=[8, 8, 12]", "strides=[2, 1, 2]", "repeats=1", "classes=3"),
    "modern_103m_cifar10": ("depth=1", "widths=[4, 6]", "classes=3"),
    "modern_39m_cifar10": ("depth=2", "widths=[4, 6]", "classes=3"),
    "msdnet": ("layers=2", "scales=2", "growth=2", "size=8", "classes=3"),
    "nb201": ("c=4", "repeats=1", "classes=3"),
    "resnet": ("width=4", "classes=3"),
    "resnet_fabric": ("depth=2", "widths=[4, 6]", "classes=3"),
    "segment": ("layers=2", "channels=3", "height=16", "width=32", "classes=3"),
    "signal": ("layers=2", "channels=4", "sensors=2", "length=16", "classes=3"),
    "unet": ("depth=2", "channels=3", "height=8", "width=12", "classes=3"),
}
"""Settings with which a spec takes little time, all of its constructs in use."""


@cache
def program(spec: str, *settings: str) -> Program:
    return load_program(SPECS / f"{spec}.bsn", Overrides(settings))[0]


def graph(spec: str, *settings: str) -> Graph:
    return program(spec, *settings).graph


def choosing(graph: Graph, option: Callable[[Gate], int]) -> Tensor:
    """The mask `[1, E]` where each gate takes this option; of a gate that keeps or drops, 1 keeps."""
    taken = {gate.name: option(gate) for gate in graph.gates}
    kept = [
        edge.gate is None or taken[edge.gate] == (1 if edge.option is None else edge.option) for edge in graph.edges
    ]
    return torch.tensor([kept])


def cost(key: CostKey, graph: Graph, mask: Tensor) -> int:
    return int(costs_of_masks(key, graph, mask)[0])


def costs(graph: Graph, option: Callable[[Gate], int]) -> tuple[int, int]:
    """Multiply-adds and parameters."""
    mask = choosing(graph, option)
    return cost(FLOPS, graph, mask), cost(PARAMS, graph, mask)
