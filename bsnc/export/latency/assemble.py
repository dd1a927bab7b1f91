"""The network of an architecture as an ONNX model, put together from fragments: what `to_onnx` exports, in
milliseconds. Its weights are random; each edge has its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from bsnc.export.latency.fragments import INPUT, OUTPUT, WEIGHTS, Fragments, Module
from bsnc.export.onnx_model import OPSET
from bsnc.ir import Edge, Graph, Node, scheduled_arrivals
from bsnc.lower import op_paths
from bsnc.ops import Shape


def assemble(graph: Graph, fragments: Fragments) -> onnx.ModelProto:
    """The model of all edges of a graph, as `ApplyArchitecture` leaves it: float32, batch size free, input and output
    named as in the graph, weights named as the exporter names them."""
    parts = _Parts(fragments)
    paths = op_paths(graph)
    values = {graph.input.name: graph.input.name}
    for number, node in enumerate(graph.nodes):
        if node.kind == "input":
            continue
        edges = [graph.edges[i] for i in scheduled_arrivals(graph, number)]
        names = [paths[edge.name][0].split(".")[1] for edge in edges]
        arrivals = [
            lambda e=edge, n=name: parts.insert(fragments[e.module], values[e.source], n)
            for edge, name in zip(edges, names, strict=True)
        ]
        total = _AGGREGATE[node.aggregation](parts, node, edges, arrivals)
        if node.activations:
            total = parts.insert(fragments[node.activations], total, f"node {node.name}")
        values[node.name] = total
    parts.add("Identity", [values[graph.output.name]], graph.output.name)
    first, last = graph.input, graph.output
    return parts.model(graph.name, [(first.name, first.shape)], (last.name, last.shape))


def copies(module: Module, count: int, fragments: Fragments) -> onnx.ModelProto:
    """The model of `count` edges with one module, added up. All leave one input, or, where they have no weights, each
    its own: ONNX Runtime would run operators with equal inputs once."""
    parts = _Parts(fragments)
    fragment = fragments[module]
    weighted = any(tensor.name.startswith(WEIGHTS) for tensor in fragment.graph.initializer)
    sources = [INPUT if weighted else f"{INPUT} {i}" for i in range(count)]
    arrivals = [lambda i=i: parts.insert(fragment, sources[i], f"copy{i}") for i in range(count)]
    parts.add("Identity", [_chain(parts, "Add", arrivals)], OUTPUT)
    inputs = [(name, module[0].in_shape) for name in dict.fromkeys(sources)]
    return parts.model("copies", inputs, (OUTPUT, module[-1].out_shape))


Arrival = Callable[[], str]
"""Adds the operators of an edge and gives the name of what it delivers: the order is that of the exporter."""


class _Parts:
    """Operators and weights of a model under construction."""

    def __init__(self, fragments: Fragments) -> None:
        self.fragments = fragments
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.opsets = {"": OPSET}

    def add(self, operator: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        """An operator with one output; gives the name of that."""
        name = output or f"value {len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, inputs, [name], name=f"{operator} {len(self.nodes)}", **attributes)
        )
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"constant {len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def insert(self, fragment: onnx.ModelProto, source: str, owner: str) -> str:
        """A copy of a fragment that reads `source`; gives the name of its output."""

        def renamed(name: str) -> str:
            if name == INPUT:
                return source
            if name.startswith(WEIGHTS):
                return f"edges.{owner}.{name.removeprefix(WEIGHTS)}"
            return f"{owner}/{name}" if name else ""

        for original in fragment.graph.node:
            node = onnx.NodeProto()
            node.CopyFrom(original)
            node.name = f"{owner}/{node.name}"
            node.input[:] = [renamed(name) for name in original.input]
            node.output[:] = [renamed(name) for name in original.output]
            self.nodes.append(node)
        for original in fragment.graph.initializer:
            tensor = onnx.TensorProto()
            tensor.CopyFrom(original)
            tensor.name = renamed(original.name)
            self.weights.append(tensor)
        self.opsets |= {entry.domain: entry.version for entry in fragment.opset_import}
        return renamed(OUTPUT)

    def model(self, name: str, inputs: Sequence[tuple[str, Shape]], output: tuple[str, Shape]) -> onnx.ModelProto:
        """Of inputs and an output by name, with the shapes of an example."""
        ends = [
            helper.make_tensor_value_info(end, onnx.TensorProto.FLOAT, ["batch", *shape])
            for end, shape in (*inputs, output)
        ]
        whole = helper.make_graph(self.nodes, name, ends[:-1], ends[-1:], self.weights)
        opsets = [helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
        return helper.make_model(whole, opset_imports=opsets, ir_version=10)


def _chain(parts: _Parts, operator: str, arrivals: Sequence[Arrival]) -> str:
    total = arrivals[0]()
    for arrival in arrivals[1:]:
        total = parts.add(operator, [total, arrival()])
    return total


def _sum(parts: _Parts, node: Node, edges: Sequence[Edge], arrivals: Sequence[Arrival]) -> str:  # noqa: ARG001
    return _chain(parts, "Add", arrivals)


def _mean(parts: _Parts, node: Node, edges: Sequence[Edge], arrivals: Sequence[Arrival]) -> str:  # noqa: ARG001
    total = _chain(parts, "Add", arrivals)
    count = np.array(len(arrivals), dtype=np.float32)
    return total if len(arrivals) == 1 else parts.add("Div", [total, parts.constant(count)])


def _max(parts: _Parts, node: Node, edges: Sequence[Edge], arrivals: Sequence[Arrival]) -> str:  # noqa: ARG001
    return _chain(parts, "Max", arrivals)


def _concat(parts: _Parts, node: Node, edges: Sequence[Edge], arrivals: Sequence[Arrival]) -> str:
    """As lowering does: where the edge of a slot is gone, what comes after it, or last before it, is padded."""
    delivered = {edge.name: arrival for edge, arrival in zip(edges, arrivals, strict=True)}
    values: list[str] = []
    missing = 0
    for slot in node.slots:
        if slot.edge not in delivered:
            missing += slot.channels
            continue
        values.append(_pad(parts, node, delivered[slot.edge](), missing, 0))
        missing = 0
    values[-1] = _pad(parts, node, values[-1], 0, missing)
    return values[0] if len(values) == 1 else parts.add("Concat", values, axis=1)


def _pad(parts: _Parts, node: Node, value: str, before: int, after: int) -> str:
    """Zero channels before and after."""
    if not before and not after:
        return value
    others = [0] * (len(node.shape) - 1)
    return parts.add("Pad", [value, parts.constant(np.array([0, before, *others, 0, after, *others]))])


_AGGREGATE = {"sum": _sum, "mean": _mean, "max": _max, "concat": _concat}
