"""Graph → torch.fx.GraphModule: an SS-network that takes masks, or a plain network."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from operator import add, truediv

import torch
from torch import fx, nn
from torch.nn import functional

from bsnc.ir import Graph, Node
from bsnc.lower.live_rows import FindLiveRows, LiveEdge, LiveNode, slots_of
from bsnc.lower.modules import build_ops, op_names
from bsnc.lower.names import attribute_names
from bsnc.passes import PruneDeadEdges

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


class _Root(nn.Module):
    """Holds the modules that lowered code calls: `edges.<edge>.<op>`, `nodes.<node>`, in both forms alike."""

    def __init__(self) -> None:
        super().__init__()
        self.edges = nn.ModuleDict()
        self.nodes = nn.ModuleDict()


@contextmanager
def _seeded(seed: int) -> Generator[None, None, None]:
    """Initialise from a seed without touching the state of torch's global generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def lower_stochastic(graph: Graph, seed: int = 0) -> fx.GraphModule:
    """The SS-network: `forward(x [B, …], masks [B, E])` → `[B, …]`.

    In evaluation mode, row b equals the output of the network pruned to the live edges of `masks[b]`; in training
    mode the batch statistics of an edge are those of the rows in which it is live. Weights follow from `seed`.
    """
    root, edges, nodes = _Root(), edge_attributes(graph), node_attributes(graph)
    root.live_rows = FindLiveRows(graph)
    with _seeded(seed):
        for i, edge in enumerate(graph.edges):
            root.edges[edges[edge.name]] = LiveEdge(i, build_ops(edge.module))
    for node, arriving in zip(graph.nodes, graph.in_edges, strict=True):
        if node.kind != "input":
            in_edges = {i: graph.edges[i].name for i in arriving}
            root.nodes[nodes[node.name]] = LiveNode(node, in_edges, build_ops(node.activations))
    return fx.GraphModule(root, _stochastic_code(graph, edges, nodes), class_name=graph.name)


def _stochastic_code(graph: Graph, edges: dict[str, str], nodes: dict[str, str]) -> fx.Graph:
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


def lower_static(graph: Graph, seed: int = 0) -> fx.GraphModule:
    """The network of all edges of a graph: `forward(x [B, …])` → `[B, …]`, one call a torch op.

    Dead edges are pruned first. Lower the result of `ApplyArchitecture` to get the network of an architecture.
    Raises ValueError where nothing connects input and output.
    """
    graph = PruneDeadEdges().run(graph).graph
    if not graph.edges:
        raise ValueError("no path of edges leads from the input to the output")
    root, edges, nodes = _Root(), edge_attributes(graph), node_attributes(graph)
    with _seeded(seed):
        for edge in graph.edges:
            root.edges[edges[edge.name]] = nn.ModuleDict(build_ops(edge.module))
    for node in graph.nodes:
        if node.activations:
            root.nodes[nodes[node.name]] = nn.ModuleDict(build_ops(node.activations))
    return fx.GraphModule(root, _static_code(graph, root, edges, nodes), class_name=graph.name)


def _static_code(graph: Graph, root: _Root, edges: dict[str, str], nodes: dict[str, str]) -> fx.Graph:
    code = fx.Graph()
    value = {graph.input.name: code.placeholder(nodes[graph.input.name])}
    for node, arriving in zip(graph.nodes, graph.in_edges, strict=True):
        if node.kind == "input":
            continue
        in_edges = {i: graph.edges[i].name for i in arriving}
        arrivals = (
            _call_chain(code, root.edges, "edges", edges[edge.name], value[edge.source])
            for edge in (graph.edges[i] for i in arriving)
        )
        assert arriving, f"nothing arrives at {node.name}"
        total = _AGGREGATE[node.aggregation](code, node, in_edges, arrivals)
        name = nodes[node.name]
        value[node.name] = _call_chain(code, root.nodes, "nodes", name, total) if node.activations else total
    code.output(value[graph.output.name])
    return code


# Aggregations ask for one arrival after the other, so that in the code each is used as soon as it is there.


def _sum(code: fx.Graph, node: Node, edges: InEdges, arrivals: Iterator[fx.Node]) -> fx.Node:  # noqa: ARG001
    return reduce(lambda total, arrival: code.call_function(add, (total, arrival)), arrivals)


def _mean(code: fx.Graph, node: Node, edges: InEdges, arrivals: Iterator[fx.Node]) -> fx.Node:
    total = _sum(code, node, edges, arrivals)
    return total if len(edges) == 1 else code.call_function(truediv, (total, len(edges)))


def _max(code: fx.Graph, node: Node, edges: InEdges, arrivals: Iterator[fx.Node]) -> fx.Node:  # noqa: ARG001
    return reduce(lambda total, arrival: code.call_function(torch.maximum, (total, arrival)), arrivals)


def _concat(code: fx.Graph, node: Node, edges: InEdges, arrivals: Iterator[fx.Node]) -> fx.Node:
    """Where the edge of a slot is gone, what comes after it, or last before it, is padded with zeros."""
    parts: list[fx.Node] = []
    missing = 0
    for channels, arrival in slots_of(node, edges):
        if arrival is None:
            missing += channels
            continue
        parts.append(_pad_channels(code, node, next(arrivals), missing, 0))
        missing = 0
    parts[-1] = _pad_channels(code, node, parts[-1], 0, missing)
    return parts[0] if len(parts) == 1 else code.call_function(torch.cat, (parts,), {"dim": 1})


def _pad_channels(code: fx.Graph, node: Node, value: fx.Node, before: int, after: int) -> fx.Node:
    if not before and not after:
        return value
    sizes = [0, 0] * (len(node.shape) - 1) + [before, after]
    return code.call_function(functional.pad, (value, sizes))


InEdges = Mapping[int, str]
_AGGREGATE = {"sum": _sum, "mean": _mean, "max": _max, "concat": _concat}


def _call_chain(code: fx.Graph, owners: nn.ModuleDict, where: str, owner: str, value: fx.Node) -> fx.Node:
    for op, _ in owners[owner].named_children():
        target = f"{where}.{owner}.{op}"
        value = code.create_node("call_module", target, (value,), name=f"{owner}_{op}")
    return value
