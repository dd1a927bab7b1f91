"""Weights by what they are: hidden matrices, biases and the parameters of norms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from torch import nn
from torch.nn.modules.batchnorm import _NormBase  # pyright: ignore[reportPrivateUsage]
from torch.nn.modules.conv import _ConvNd  # pyright: ignore[reportPrivateUsage]

from bsnc.ir import Graph
from bsnc.lower import op_paths


def of_norms_and_biases(network: nn.Module) -> set[int]:
    """The `id` of each parameter that is a vector or belongs to a norm: what weight decay may spare."""
    norms = [m for m in network.modules() if isinstance(m, _NormBase | nn.LayerNorm | nn.GroupNorm)]
    inside = {id(weight) for norm in norms for weight in norm.parameters()}
    return inside | {id(weight) for weight in network.parameters() if weight.ndim < 2}


def hidden_matrices(network: nn.Module, graph: Graph) -> list[nn.Parameter]:
    """Weights of layers that map vectors to vectors: linear layers, and convolutions without groups, which map patches
    to channels. Input and output layers are left out, as Jordan et al. (2024) advise: the first layer of an edge that
    leaves the input, the last of one that enters the output.

    In a convolution with groups each group is a map of its own, and one that is transposed maps the other way.
    """
    paths, found = op_paths(graph), list[nn.Parameter]()
    for edge in graph.edges:
        layers = [*_layers(network, paths[edge.name])]
        first = 1 if edge.source == graph.input.name else 0
        last = 1 if edge.target == graph.output.name else 0
        weights = (_matrix(layer) for layer in layers[first : len(layers) - last])
        found += [weight for weight in weights if weight is not None and weight.requires_grad]
    return found


def _layers(network: nn.Module, paths: Sequence[str]) -> Iterator[nn.Module]:
    """Modules of ops, in order, whose weight is no vector."""
    for path in paths:
        for module in network.get_submodule(path).modules():
            weight = getattr(module, "weight", None)
            if isinstance(weight, nn.Parameter) and weight.ndim > 1:
                yield module


def _matrix(layer: nn.Module) -> nn.Parameter | None:
    """The weight of a layer that is one map."""
    is_map = isinstance(layer, nn.Linear) or (isinstance(layer, _ConvNd) and layer.groups == 1 and not layer.transposed)
    return cast(nn.Parameter, layer.weight) if is_map else None


def as_matrices(weights: Sequence[nn.Parameter]) -> tuple[list[nn.Parameter], Callable[[], None]]:
    """Weights `[out, …]` as matrices `[out, rest]` in the same memory: who changes one changes the other. And a
    function that hands the gradients over."""
    matrices = [nn.Parameter(weight.detach().view(len(weight), -1)) for weight in weights]

    def take_gradients() -> None:
        for weight, matrix in zip(weights, matrices, strict=True):
            matrix.grad = None if weight.grad is None else weight.grad.reshape(matrix.shape)

    return matrices, take_gradients
