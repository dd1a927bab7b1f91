"""Weights between lowered forms of one network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bsnc.ir import Edge, Graph, Node, mixing_call
from bsnc.lower.stochastic import edge_attributes, op_paths


def copy_weights(source: nn.Module, source_graph: Graph, target: nn.Module, target_graph: Graph) -> None:
    """Copy parameters and buffers of every edge of the target graph from the source, which has that edge too.

    Where an edge of the target leaves a concatenation of fewer slots, it takes the weights of those.
    """
    attributes = edge_attributes(source_graph)
    renamed: dict[str, Tensor] = {}
    state = source.state_dict()
    for edge, attribute in edge_attributes(target_graph).items():
        prefix = f"edges.{attributes[edge]}."
        for key, value in state.items():
            if key.startswith(prefix):
                renamed[f"edges.{attribute}.{key.removeprefix(prefix)}"] = value
    _narrow(renamed, source_graph, target_graph)
    target.load_state_dict(renamed)


def _narrow(state: dict[str, Tensor], source: Graph, target: Graph) -> None:
    """Reduce the weights of edges whose source has fewer channels in the target graph."""
    paths = op_paths(target)
    for edge in target.edges:
        whole = source.nodes[source.node_index[edge.source]]
        left = target.nodes[target.node_index[edge.source]]
        if whole.shape == left.shape:
            continue
        number = mixing_call(edge)
        assert number is not None, f"{edge.name} mixes no channels"
        call, key = edge.module[number], f"{paths[edge.name][number]}.weight"
        dimension = call.definition.input_dimension(call.arguments)
        assert dimension is not None
        state[key] = state[key].index_select(dimension, _kept_inputs(whole, left, edge, number))


def _kept_inputs(whole: Node, left: Node, edge: Edge, number: int) -> Tensor:
    """Which inputs of op `number` are left: those of the channels of the slots that are left, in order."""
    width = edge.module[number].in_shape[0] // left.shape[0]
    kept = {slot.edge for slot in left.slots}
    channels = [torch.full((slot.channels * width,), slot.edge in kept) for slot in whole.slots]
    return torch.cat(channels).nonzero().squeeze(1)
