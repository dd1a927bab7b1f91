"""The totals of Veniat & Denoyer's code (CVPR 2018), as DESIGN.md states them, from the specs that ship."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from bsnc.cost import costs_of_masks
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import CostKey, Graph

PARAMS = CostKey(name="params")
VENIAT = CostKey(name="flops", options=(("count", "veniat2018"),))


def graph_of(repository: Path, spec: str, *settings: str) -> Graph:
    return load_program(repository / "specs" / spec, Overrides(settings, ()))[0].graph


def cost(key: CostKey, graph: Graph, kept: set[str]) -> int:
    mask = torch.tensor([[edge.name in kept for edge in graph.edges]])
    return int(costs_of_masks(key, graph, mask)[0])


def everything(graph: Graph) -> set[str]:
    return {edge.name for edge in graph.edges}


def residual(graph: Graph, depth: int = 3) -> set[str]:
    """The edges of the residual network: from each node to the next, and both ends. The rest is the fabric."""
    groups = [f"x[{g},{i}]" for g in range(3) for i in range(depth)]
    order = [graph.input.name, "stem", *groups, graph.output.name]
    steps = set(pairwise(order))
    pairs: dict[tuple[str, str], list[str]] = {}
    for edge in graph.edges:
        pairs.setdefault((edge.source, edge.target), []).append(edge.name)
    return {name for pair in steps for name in pairs[pair][:2]}


@pytest.mark.parametrize(
    ("spec", "settings", "total"),
    [
        ("cnf.bsn", ("layers=2", "channels=128"), 406_209_536),
        ("cnf.bsn", ("layers=8", "channels=64"), 555_921_280),
        ("resnet_fabric.bsn", (), 91_140_736),
    ],
)
def test_whole_networks(repository: Path, spec: str, settings: tuple[str, ...], total: int) -> None:
    graph = graph_of(repository, spec, *settings)
    assert cost(VENIAT, graph, everything(graph)) == total


def test_without_its_fabric_the_resnet_fabric_is_resnet_20(repository: Path) -> None:
    graph = graph_of(repository, "resnet_fabric.bsn")
    kept = residual(graph)
    assert len(kept) == 2 + 2 * 9
    resnet = graph.keeping(kept)
    assert cost(VENIAT, resnet, kept) == 40_899_200
    assert cost(PARAMS, resnet, kept) == 273_258


def test_as_a_mask_of_the_resnet_fabric_it_pays_for_the_inputs_that_are_dropped(repository: Path) -> None:
    """All inputs of a live node count, live or not: 14 fabric edges end in each of the two later groups."""
    graph = graph_of(repository, "resnet_fabric.bsn")
    dropped = 14 * (32 * 16 * 16 + 64 * 8 * 8)
    assert cost(VENIAT, graph, residual(graph)) == 40_899_200 + dropped
    assert cost(PARAMS, graph, residual(graph)) == 273_258
