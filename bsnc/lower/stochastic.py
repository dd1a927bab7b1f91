"""Graph → torch.fx.GraphModule: an SS-network that takes masks."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import fx, nn

from bsnc.ir import Graph
from bsnc.lower.live_rows import FindLiveRows, LiveEdge, LiveNode
from bsnc.lower.modules import build_ops, op_names
from bsnc.lower.names import attribute_names

_RESERVED = frozenset(
    ("edges", "nodes", "live_rows", "rows", "masks", "add", "self", "torch", "forward", *dir(nn.ModuleDict()))
)


def edge_attributes(graph: Graph) -> dict[str, str]:
    """Edge name → its name below `edges` in a lowered module."""
    return attribute_names((edge.name for edge in graph.edges), _RESERVED)


def node_attributes(graph: Graph) -> dict[str, str]:
    """Node name → its name in lowered code."""
    return attribute_names((node.name for node in graph.nodes), _RESERVED)


def op_paths(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Edge name → for each of its ops, in order, the name of its module in a lowered network."""
    attributes = edge_attributes(graph)
    return {e.name: tuple(f"edges.{attributes[e.name]}.{op}" for op in op_names(e.module)) for e in graph.edges}


class Root(nn.Module):
    """Holds the modules that lowered code calls: `edges.<edge>.<op>`, `nodes.<node>`, in both forms alike."""

    def __init__(self) -> None:
        super().__init__()
        self.edges = nn.ModuleDict()
        self.nodes = nn.ModuleDict()


@contextmanager
def seeded(seed: int) -> Generator[None, None, None]:
    """Initialise from a seed without touching the state of torch's global generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def lower_stochastic(graph: Graph, seed: int = 0) -> fx.GraphModule:
    """The SS-network: `forward(x [B, …], masks [B, E])` → `[B, …]`.

    In evaluation mode, row b equals the output of the network pruned to the live edges of `masks[b]`; in training
    mode the batch statistics of an edge are those of the rows in which it is live. Weights follow from `seed`.
    """
    root, edges, nodes = Root(), edge_attributes(graph), node_attributes(graph)
    root.live_rows = FindLiveRows(graph)
    with seeded(seed):
        for i, edge in enumerate(graph.edges):
            root.edges[edges[edge.name]] = LiveEdge(i, build_ops(edge.module))
    for node, arriving in zip(graph.nodes, graph.in_edges, strict=True):
        if node.kind != "input":
            in_edges = {i: graph.edges[i].name for i in arriving}
            root.nodes[nodes[node.name]] = LiveNode(node, in_edges, build_ops(node.activations))
    return fx.GraphModule(root, _code(graph, edges, nodes), class_name=graph.name)


def stochastic_code(graph: Graph) -> str:
    """What `lower_stochastic(graph).code` is: who only reads it need not wait for weights."""
    code = _code(graph, edge_attributes(graph), node_attributes(graph))
    return str(code.python_code("self").src)


def _code(graph: Graph, edges: dict[str, str], nodes: dict[str, str]) -> fx.Graph:
    code = fx.Graph()
    example = code.placeholder(nodes[graph.input.name])
    value = {graph.input.name: example}
    rows = code.create_node("call_module", "live_rows", (code.placeholder("masks"),), name="rows")
    for node, arriving in zip(graph.nodes, graph.in_edges, strict=True):
        if node.kind == "input":
            continue
        arrivals: list[fx.Node] = []
        for edge in (graph.edges[i] for i in arriving):
            name = edges[edge.name]
            call = code.create_node("call_module", f"edges.{name}", (value[edge.source], rows), name=name)
            arrivals.append(call)
        name = nodes[node.name]
        call = code.create_node("call_module", f"nodes.{name}", (rows, example, *arrivals), name=name)
        value[node.name] = call
    code.output(value[graph.output.name])
    return code
