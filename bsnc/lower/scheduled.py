"""Execution of an SS-network with a backward pass of its own, in the order of nodes.

Exact: the same values and gradients as `network(x, masks)`, up to the order in which numbers are added up. Non-goals:
relaxed masks, through which gradients flow; evaluation.

Autograd, left to itself, makes a tensor of the whole batch for each edge that takes some rows of a node, fills it with
zeros but for these rows, and adds it to that of the next edge. Here every node has one tensor for what arrives and one
for its gradient, of just the rows in which the node is live; edges are added to their rows, in place. Inside an edge
autograd does what it always does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, fx, nn

from bsnc.lower.live_rows import FindLiveRows, LiveEdge, LiveNode, LiveRows
from bsnc.lower.places import compact_rows
from bsnc.lower.row_sum import RowSum, take_rows


def run_scheduled(network: fx.GraphModule, x: Tensor, masks: Tensor) -> Tensor:
    """`network(x [B, …], masks [B, E])` → `[B, …]`, of a network in training mode whose gradients are wanted."""
    return cast(Tensor, _Scheduled.apply(x.new_zeros(()).requires_grad_(), network, x, masks))


@dataclass
class _Node:
    """A node that ran: its value `[b, …]` for the b rows in which it is live, its gradient as far as it is known, and
    how that goes back to where the value came from; None where nothing has arrived that gradients could reach."""

    value: Tensor
    gradient: RowSum
    send_back: Callable[[RowSum], None] | None = None


@dataclass
class _Edge:
    """An edge that ran: `taken` is what it took, the leaf of a graph of autograd, `given` what came out; the places of
    these rows in its source and in its target."""

    source: _Node
    taken_places: Tensor | None
    given_places: Tensor | None
    taken: Tensor
    given: Tensor

    def send_back(self, gradient: Tensor) -> None:
        """Of its output `[b, …]`, to its weights and its source."""
        if self.given.grad_fn is None:
            arrived = gradient if self.given is self.taken else None
        else:
            torch.autograd.backward(self.given, gradient)
            arrived = self.taken.grad
        if arrived is not None and self.source.send_back is not None:
            self.source.gradient.add(self.taken_places, arrived, is_own=not _share_memory(arrived, gradient))


class _Scheduled(torch.autograd.Function):
    """The whole network as one function. `anchor` gets no gradient: it is there so that the output has one."""

    @staticmethod
    def forward(ctx: _Context, anchor: Tensor, network: fx.GraphModule, x: Tensor, masks: Tensor) -> Tensor:  # noqa: ARG004  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.nodes, ctx.output = _Forward(network, x, masks).run()
        return ctx.output.value.detach()

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        nodes, ctx.nodes = ctx.nodes, []
        ctx.output.gradient.add(None, gradient)
        while nodes:
            node = nodes.pop()
            if node.send_back is not None and node.gradient.total is not None:
                node.send_back(node.gradient)
        return None, None, None, None


class _Context:
    """Of a forward pass, for its backward pass."""

    nodes: list[_Node]
    output: _Node


class _Forward:
    """A forward pass of lowered code."""

    def __init__(self, network: fx.GraphModule, x: Tensor, masks: Tensor) -> None:
        self.network, self.x = network, x
        finder = cast(FindLiveRows, network.get_submodule("live_rows"))
        self.graph = finder.graph
        live, rows = finder.of_part(masks)
        self.places = compact_rows(self.graph, live, x.device)
        self.rows = replace(rows, of_edge=self.places.given)

    def run(self) -> tuple[list[_Node], _Node]:
        """All nodes, in their order, and that of the output."""
        nodes: dict[fx.Node, _Node] = {}
        edges: dict[fx.Node, _Edge | None] = {}
        for call in self.network.graph.nodes:
            if call.op == "output":
                return list(nodes.values()), nodes[cast(fx.Node, call.args[0])]
            if call.op == "placeholder" and not nodes:
                nodes[call] = _Node(self.x, RowSum(len(self.x)))
            module = self.network.get_submodule(str(call.target)) if call.op == "call_module" else None
            if isinstance(module, LiveEdge):
                edges[call] = self._edge(module, nodes[call.args[0]])
            elif isinstance(module, LiveNode):
                nodes[call] = self._node(module, [edges.pop(argument) for argument in call.args[2:]])
        raise AssertionError("lowered code has an output")

    def _edge(self, edge: LiveEdge, source: _Node) -> _Edge | None:
        if not self.rows.runs[edge.index]:
            return None
        places = self.places.taken[edge.index]
        taken = take_rows(source.value, places).detach().requires_grad_(source.send_back is not None)
        with torch.enable_grad():
            given = edge.run(taken.clone() if edge.is_foreign else taken, self.rows.shared)
        return _Edge(source, places, self.places.given[edge.index], taken, given)

    def _node(self, node: LiveNode, arrived: Sequence[_Edge | None]) -> _Node:
        edges = [edge for edge in arrived if edge is not None]
        size = self.places.sizes[self.graph.endpoints[node.indices[0]][1]] if node.indices else len(self.x)
        if not edges:
            return _Node(node(replace(self.rows, batch=size), self.x, *arrived), RowSum(size))
        if node.aggregation != "sum":
            return _aggregated(node, replace(self.rows, batch=size), self.x, arrived)
        total = RowSum(size)
        for edge in edges:
            total.add(edge.given_places, edge.given.detach())
        if not len(node.activations):
            return _Node(_known(total), RowSum(size), lambda gradient: _spread(_known(gradient), edges))
        if [type(module) for module in node.activations] == [nn.ReLU]:
            return _rectified(total, edges)
        return _activated(node.activations, _known(total), edges)


def _rectified(total: RowSum, edges: Sequence[_Edge]) -> _Node:
    """max(total, 0), and its gradient, in place where that may be."""
    value = torch.relu(_known(total)) if total.own is None else total.own.relu_()

    def send_back(gradient: RowSum) -> None:
        given = _known(gradient)
        if gradient.own is None:
            _spread(torch.where(value > 0, given, 0.0), edges)
        else:
            _spread(torch.ops.aten.threshold_backward.grad_input(given, value, 0, grad_input=given), edges)

    return _Node(value, RowSum(total.batch), send_back)


def _activated(activations: nn.Sequential, total: Tensor, edges: Sequence[_Edge]) -> _Node:
    leaf = total.detach().requires_grad_()
    with torch.enable_grad():
        value = activations(leaf)

    def send_back(gradient: RowSum) -> None:
        torch.autograd.backward(value, _known(gradient))
        assert leaf.grad is not None
        _spread(leaf.grad, edges)

    return _Node(value.detach(), RowSum(len(total)), send_back)


def _aggregated(node: LiveNode, rows: LiveRows, x: Tensor, arrived: Sequence[_Edge | None]) -> _Node:
    """A node that is no sum: autograd follows its aggregation too."""
    leaves = [None if edge is None else edge.given.detach().requires_grad_() for edge in arrived]
    with torch.enable_grad():
        value = node(rows, x, *leaves)

    def send_back(gradient: RowSum) -> None:
        torch.autograd.backward(value, _known(gradient))
        for edge, leaf in zip(arrived, leaves, strict=True):
            if edge is not None and leaf is not None and leaf.grad is not None:
                edge.send_back(leaf.grad)

    return _Node(value.detach(), RowSum(rows.batch), send_back)


def _spread(gradient: Tensor, edges: Sequence[_Edge]) -> None:
    """Of a sum `[B, …]`, to the rows of what arrived."""
    for edge in edges:
        edge.send_back(take_rows(gradient, edge.given_places))


def _known(total: RowSum) -> Tensor:
    assert total.total is not None
    return total.total


def _share_memory(one: Tensor, other: Tensor) -> bool:
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()
