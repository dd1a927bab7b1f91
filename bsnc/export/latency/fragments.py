"""Modules as small ONNX models, each exported once: what whole networks are put together from."""

from __future__ import annotations

import json
from collections.abc import Sequence

import onnx
import torch
from torch import nn

from bsnc.export.onnx_model import plain_onnx
from bsnc.ir import Edge, Graph, Node, OpCall
from bsnc.lower import fold_batch_norm, lower_static

INPUT, OUTPUT = "input", "output"
_EDGE = "edge"
WEIGHTS = f"edges.{_EDGE}."
"""What the names of a fragment's weights begin with; in the network of a graph another name stands for the edge."""

Module = tuple[OpCall, ...]


def module_key(module: Sequence[OpCall]) -> str:
    """Canonical JSON: equal for equal ops with equal arguments and shapes."""
    return json.dumps([call.model_dump(mode="json") for call in module], sort_keys=True, separators=(",", ":"))


class Fragments:
    """`fragments[module]`: the model of a module from `INPUT` to `OUTPUT`, batch norms folded, batch size free."""

    def __init__(self) -> None:
        self._known: dict[str, onnx.ModelProto] = {}

    def prepare(self, module: Module) -> None:
        """Export a module where that is still to be done, which takes about a second."""
        self[module]

    def __getitem__(self, module: Module) -> onnx.ModelProto:
        key = module_key(module)
        if key not in self._known:
            self._known[key] = _export(module)
        return self._known[key]


def _export(module: Module) -> onnx.ModelProto:
    ends = (
        Node(name=INPUT, kind="input", shape=module[0].in_shape),
        Node(name=OUTPUT, kind="output", shape=module[-1].out_shape),
    )
    graph = Graph(name="fragment", nodes=ends, edges=(Edge(name=_EDGE, source=INPUT, target=OUTPUT, module=module),))
    network = lower_static(graph).eval()
    _unsettle(network)
    fold_batch_norm(network)
    return plain_onnx(graph, network)


@torch.no_grad()
def _unsettle(network: nn.Module) -> None:
    """Leave nothing at the zero at which it starts: ONNX Runtime may leave out what adds nothing."""
    generator = torch.Generator().manual_seed(0)
    for name, value in (*network.named_parameters(), *network.named_buffers()):
        if name.endswith(("bias", "running_mean")):
            value.add_(0.01 * torch.randn(value.shape, generator=generator))
