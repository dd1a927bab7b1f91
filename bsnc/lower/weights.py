"""Weights between lowered forms of one network."""

from __future__ import annotations

from torch import Tensor, nn

from bsnc.ir import Graph
from bsnc.lower.lower import edge_attributes


def copy_weights(source: nn.Module, source_graph: Graph, target: nn.Module, target_graph: Graph) -> None:
    """Copy parameters and buffers of every edge of the target graph from the source, which has that edge too."""
    attributes = edge_attributes(source_graph)
    renamed: dict[str, Tensor] = {}
    state = source.state_dict()
    for edge, attribute in edge_attributes(target_graph).items():
        prefix = f"edges.{attributes[edge]}."
        for key, value in state.items():
            if key.startswith(prefix):
                renamed[f"edges.{attribute}.{key.removeprefix(prefix)}"] = value
    target.load_state_dict(renamed)
