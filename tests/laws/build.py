"""S-networks built by hand, briefly: `network((2, 8, 8), {"h": ["relu"], "y": []}, [("x", "h", [conv(3)]), …])`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bsnc.ir import Edge, Gate, Graph, Node, OpCall, Slot, verify
from bsnc.ops import OPS

Step = str | tuple[str, dict[str, Any]]
FIXED = "fixed"
Link = tuple[str, str, Sequence[Step]] | tuple[str, str, Sequence[Step], str]
"""Source, target, steps, and a gate's name or FIXED; without the last the edge has a gate of its own. `option(…)` gives
the name of one option of a categorical gate."""


def option(gate: str, number: int, count: int) -> str:
    return f"{gate}:{number}/{count}"


def conv(channels: int, kernel: int = 3, **arguments: Any) -> Step:
    return "conv", {"channels": channels, "kernel": kernel, **arguments}


def linear(features: int, **arguments: Any) -> Step:
    return "linear", {"features": features, **arguments}


def pool(kind: str, kernel: int, stride: int = 1) -> Step:
    return f"{kind}_pool", {"kernel": kernel, "stride": stride}


def upsample(factor: int) -> Step:
    return "upsample", {"factor": factor}


def call(op: str, shape: tuple[int, ...], **arguments: Any) -> OpCall:
    """An op applied to a shape, defaults filled in."""
    rule = OPS[op]
    given = {p.name: arguments.get(p.name, p.default) for p in rule.parameters}
    assert not arguments.keys() - given.keys(), f"{op} takes no {arguments.keys() - given.keys()}"
    return OpCall(op=op, arguments=given, in_shape=shape, out_shape=rule.output_shape(given, shape))


def chain(shape: tuple[int, ...], steps: Sequence[Step]) -> tuple[OpCall, ...]:
    """Ops one after the other, starting from a shape."""
    calls: list[OpCall] = []
    for step in steps:
        name, arguments = (step, {}) if isinstance(step, str) else step
        calls.append(call(name, shape, **arguments))
        shape = calls[-1].out_shape
    return tuple(calls)


def network(
    input_shape: tuple[int, ...],
    nodes: Mapping[str, Sequence[Step]],
    links: Sequence[Link],
    source: str = "x",
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    aggregations: Mapping[str, str] | None = None,
) -> Graph:
    """A verified graph: `nodes` are name → activations in topological order, the last one is the output.

    The shape of a node is that of its first in-edge; a node without any needs one in `shapes`, and so does one of which
    `aggregations` says that it concatenates.
    """
    known = {source: input_shape, **(shapes or {})}
    edges: list[Edge] = []
    seen: Counter[tuple[str, str]] = Counter()
    for target in nodes:
        for start, end, steps, *gate in links:
            if end != target:
                continue
            number = seen[start, end]
            seen[start, end] += 1
            name = f"{start}->{end}" + (f"#{number}" if number else "")
            module = chain(known[start], steps)
            known.setdefault(end, module[-1].out_shape)
            edges.append(Edge(name=name, source=start, target=end, module=module, **_gate(name, gate)))
    last = list(nodes)[-1]
    first = Node(name=source, kind="input", shape=input_shape)
    others = [
        Node(
            name=name,
            kind="output" if name == last else "hidden",
            shape=known[name],
            activations=chain(known[name], activations),
            **_aggregation(name, (aggregations or {}).get(name, "sum"), edges),
        )
        for name, activations in nodes.items()
    ]
    graph = Graph(
        name="network",
        nodes=(first, *others),
        edges=tuple(edges),
        gates=tuple(_gates(edges, links)),
    )
    verify(graph)
    return graph


def _gate(edge: str, given: Sequence[str]) -> dict[str, Any]:
    if not given:
        return {"gate": edge}
    if given[0] == FIXED:
        return {}
    name, is_option, rest = given[0].partition(":")
    return {"gate": name, "option": int(rest.partition("/")[0])} if is_option else {"gate": name}


def _gates(edges: Sequence[Edge], links: Sequence[Link]) -> list[Gate]:
    named = [link[3].partition(":") for link in links if len(link) == 4]
    counts = {name: int(rest.partition("/")[2]) for name, is_option, rest in named if is_option}
    names = dict.fromkeys(edge.gate for edge in edges if edge.gate is not None)
    return [
        Gate(name=name, kind="categorical", options=tuple(f"option {i}" for i in range(counts[name])))
        if name in counts
        else Gate(name=name)
        for name in names
    ]


def _aggregation(name: str, aggregation: str, edges: Sequence[Edge]) -> dict[str, Any]:
    if aggregation != "concat":
        return {"aggregation": aggregation}
    arriving = [edge for edge in edges if edge.target == name]
    slots = tuple(Slot(edge=edge.name, channels=edge.module[-1].out_shape[0]) for edge in arriving)
    return {"aggregation": aggregation, "slots": slots}
