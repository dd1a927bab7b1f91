"""Graph → torch.fx.GraphModule: the plain network of all edges, as it is trained alone and exported."""

from __future__ import annotations

from collections.abc import Iterator

from torch import fx, nn

from bsnc.ir import Graph, Node, makes_tensor, scheduled_arrivals
from bsnc.lower.aggregate import Add, Concat, Divide, Maximum, Pad
from bsnc.lower.live_rows import slots_of
from bsnc.lower.modules import build_ops, op_names
from bsnc.lower.stochastic import Root, edge_attributes, node_attributes, seeded
from bsnc.passes import PruneDeadEdges


def lower_static(graph: Graph, seed: int = 0) -> fx.GraphModule:
    """The network of all edges of a graph: `forward(x [B, …])` → `[B, …]`, one call a torch op, in the order of
    `bsnc.ir.schedule`.

    Dead edges are pruned first. Lower the result of `ApplyArchitecture` to get the network of an architecture.
    Raises ValueError where nothing connects input and output.
    """
    graph = PruneDeadEdges().run(graph).graph
    if not graph.edges:
        raise ValueError("no path of edges leads from the input to the output")
    root, edges = Root(), edge_attributes(graph)
    with seeded(seed):
        for edge in graph.edges:
            root.edges[edges[edge.name]] = nn.ModuleDict(build_ops(edge.module))
    code = _StaticCode(graph, root).write()
    return fx.GraphModule(root, code, class_name=graph.name)


class _StaticCode:
    """Writes the code of a graph; adds to `root` the modules that nodes call."""

    def __init__(self, graph: Graph, root: Root) -> None:
        self.graph, self.root, self.code = graph, root, fx.Graph()
        self.edges, self.nodes = edge_attributes(graph), node_attributes(graph)
        self.value: dict[str, fx.Node] = {}

    def write(self) -> fx.Graph:
        for number, node in enumerate(self.graph.nodes):
            name = self.nodes[node.name]
            if node.kind == "input":
                self.value[node.name] = self.code.placeholder(name)
                continue
            modules = nn.ModuleDict(build_ops(node.activations))
            self.root.nodes[name] = modules
            total = self._aggregate(number, node)
            for op in op_names(node.activations):
                total = self._call("nodes", name, op, total)
            self.value[node.name] = total
            if not len(modules):
                del self.root.nodes[name]
        self.code.output(self.value[self.graph.output.name])
        return self.code

    def _aggregate(self, number: int, node: Node) -> fx.Node:
        """Arrivals are asked for one after the other, so that each is used as soon as it is there."""
        arriving = self._arriving(number, node)
        arrivals = (self._chain(edge) for edge in arriving)
        if node.aggregation == "concat":
            return self._concat(number, node, arrivals)
        operator, make = ("maximum", Maximum) if node.aggregation == "max" else ("add", Add)
        total = next(arrivals)
        for arrival in arrivals:
            total = self._make(node, operator, make(), total, arrival)
        if node.aggregation == "mean" and len(arriving) > 1:
            return self._make(node, "divide", Divide(len(arriving)), total)
        return total

    def _arriving(self, number: int, node: Node) -> list[int]:
        """As scheduled; but what is there already is added to the first arrival. ONNX Runtime adds one tensor within
        each convolution, and where what is there came last, that sum and the activation after it would be left over."""
        first, *others = scheduled_arrivals(self.graph, number)
        if node.aggregation != "concat":
            others.sort(key=lambda e: makes_tensor(self.graph.edges[e]))
        return [first, *others]

    def _concat(self, number: int, node: Node, arrivals: Iterator[fx.Node]) -> fx.Node:
        """Where the edge of a slot is gone, what comes after it, or last before it, is padded with zeros."""
        edges = {i: self.graph.edges[i].name for i in self.graph.in_edges[number]}
        parts: list[fx.Node] = []
        missing = 0
        for channels, arrival in slots_of(node, edges):
            if arrival is None:
                missing += channels
                continue
            parts.append(self._pad(node, next(arrivals), missing, 0))
            missing = 0
        parts[-1] = self._pad(node, parts[-1], 0, missing)
        return parts[0] if len(parts) == 1 else self._make(node, "concat", Concat(), *parts)

    def _pad(self, node: Node, value: fx.Node, before: int, after: int) -> fx.Node:
        if not before and not after:
            return value
        taken = sum(name.startswith("pad") for name, _ in self.root.nodes[self.nodes[node.name]].named_children())
        return self._make(node, f"pad_{taken}", Pad(len(node.shape), before, after), value)

    def _chain(self, number: int) -> fx.Node:
        """The ops of an edge, one after the other."""
        edge = self.graph.edges[number]
        value = self.value[edge.source]
        for op in op_names(edge.module):
            value = self._call("edges", self.edges[edge.name], op, value)
        return value

    def _make(self, node: Node, op: str, module: nn.Module, *values: fx.Node) -> fx.Node:
        """Call a module of a node, put there the first time that it is called."""
        name = self.nodes[node.name]
        modules = self.root.nodes[name]
        assert isinstance(modules, nn.ModuleDict)
        if op not in modules:
            modules[op] = module
        return self._call("nodes", name, op, *values)

    def _call(self, where: str, owner: str, op: str, *values: fx.Node) -> fx.Node:
        return self.code.create_node("call_module", f"{where}.{owner}.{op}", values, name=f"{owner}_{op}")
