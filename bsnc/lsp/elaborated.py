"""What became of a statement in elaboration: its edges with shapes and costs, its nodes with what arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bsnc.diagnostics import SourceSpan
from bsnc.ir import Edge, Graph, Node, OpCall, module_text, shape_text
from bsnc.sema import Analysis, Checked, RawEdge, RawNode

MAX_SHOWN = 4


def edges_text(analysis: Analysis, statement: SourceSpan) -> str:
    """The edges that a statement means, the first few in full; empty where none was elaborated."""
    found = [(c, e) for c in analysis.networks.values() for e in c.raw.edges if e.span == statement]
    return _first_few([_edge_text(checked, edge) for checked, edge in found[:MAX_SHOWN]], len(found), "edges")


def nodes_text(analysis: Analysis, declared: SourceSpan) -> str:
    """The nodes that a declaration means, given the place of its name."""
    found = [(c, n) for c in analysis.networks.values() for n in c.raw.nodes.values() if n.span == declared]
    return _first_few([_node_text(checked, node) for checked, node in found[:MAX_SHOWN]], len(found), "nodes")


def _first_few(lines: list[str], count: int, what: str) -> str:
    if count > len(lines):
        lines = [*lines, f"and {count - len(lines):,} more {what}"]
    return "\n".join(f"- {line}" for line in lines)


# ---- edges ----


def _edge_text(checked: Checked, raw: RawEdge) -> str:
    parts = [part for part in (raw.iteration, *(f"in cell `{use.cell}`" for use in raw.uses)) if part]
    where = f" ({'; '.join(parts)})" if parts else ""
    return f"`{raw.name}`{where}{_measured(_edge_of(checked.graph, raw.name))}"


def _edge_of(graph: Graph | None, name: str) -> Edge | None:
    if graph is None or name not in graph.edge_index:
        return None
    return graph.edges[graph.edge_index[name]]


def _measured(edge: Edge | None) -> str:
    if edge is None:
        return ""
    shapes = f"{shape_text(edge.module[0].in_shape)} → {shape_text(edge.module[-1].out_shape)}"
    multiply_adds, parameters = (sum(counts) for counts in zip(*map(_counts, edge.module), strict=True))
    costs = f"{multiply_adds:,} multiply-adds, {parameters:,} parameters"
    return f": {shapes}, {costs}  \n  `{module_text(edge.module)}`"


def _counts(call: OpCall) -> tuple[int, int]:
    """Multiply-adds and parameters of an op."""
    given, op = (call.arguments, call.in_shape, call.out_shape), call.definition
    return op.multiply_adds(*given), op.parameter_count(*given)


# ---- nodes ----


def _node_text(checked: Checked, raw: RawNode) -> str:
    node = _node_of(checked.graph, raw.name)
    arriving = Counter(edge.target for edge in checked.raw.edges)[raw.name]
    return f"`{raw.name}`: {', '.join(_node_parts(raw, node, arriving))}"


def _node_of(graph: Graph | None, name: str) -> Node | None:
    if graph is None or name not in graph.node_index:
        return None
    return graph.nodes[graph.node_index[name]]


def _node_parts(raw: RawNode, node: Node | None, arriving: int) -> Iterator[str]:
    if node is not None:
        yield shape_text(node.shape)
    if raw.kind != "input":
        yield " | ".join([raw.aggregation, *(stage.op for stage in raw.activations)])
        yield f"{arriving} in-edge{'' if arriving == 1 else 's'}"
