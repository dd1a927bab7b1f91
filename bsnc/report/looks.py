"""How every edge looks: colour by its module, weight by its gate, faint where it is not live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal

from bsnc.ir import Edge, Graph
from bsnc.report.modules import Kind, kinds_of
from bsnc.report.theme import FIXED_WIDTH, GATED_WIDTH

_LEVELS = 20
_DEAD_OPACITY = 0.3

Mark = Literal["none", "own", "shared"]

Probabilities = Mapping[str, float | Mapping[str, float]]
"""Gate → probability of keeping its edges, or of each of its options."""


@dataclass(frozen=True)
class Look:
    """`width` in px; `fill` is the opacity of a gate mark's fill, which tells a probability."""

    colour: str
    width: float = GATED_WIDTH
    opacity: float = 1.0
    dashed: bool = False
    mark: Mark = "none"
    fill: float = 1.0


@dataclass(frozen=True)
class Looks:
    """Kinds for the legend, a look for every edge; the nodes on a live edge, with input and output."""

    kinds: tuple[Kind, ...]
    edges: tuple[Look, ...]
    live_nodes: frozenset[str]
    live_edges: int | None
    weighed: bool


def choose_looks(
    graph: Graph, live: Collection[str] | None = None, probabilities: Probabilities | None = None
) -> Looks:
    """Raises ValueError on a live edge or a gate that the graph lacks, and on a probability nan."""
    _guard(graph, live, probabilities or {})
    kinds, kind_of = kinds_of(graph)
    lit = graph.edge_index.keys() if live is None else frozenset(live)
    users = Counter(edge.gate for edge in graph.edges if edge.gate is not None)
    looks: list[Look] = []
    for edge, kind in zip(graph.edges, kind_of, strict=True):
        mark: Mark = "none" if edge.gate is None else "own" if users[edge.gate] == 1 else "shared"
        p = probability_of(graph, edge, probabilities)
        looks.append(_look(kinds[kind].colour, mark, p, edge.name in lit))
    on_live = [node for e in graph.edges if e.name in lit for node in (e.source, e.target)]
    nodes = frozenset([*on_live, graph.input.name, graph.output.name])
    everything = frozenset(graph.node_index) if live is None else nodes
    return Looks(tuple(kinds), tuple(looks), everything, None if live is None else len(lit), probabilities is not None)


def probability_look(colour: str, p: float) -> Look:
    """A gated edge of this probability, in steps of a twentieth."""
    level = round(min(1.0, max(0.0, p)) * _LEVELS) / _LEVELS
    return Look(colour, round(0.8 + 1.6 * level, 2), round(0.18 + 0.82 * level, 2), mark="own", fill=level)


def dead_look(colour: str) -> Look:
    """A gated edge that is not live."""
    return Look(colour, 1.0, _DEAD_OPACITY, dashed=True, mark="own", fill=0.0)


def _look(colour: str, mark: Mark, p: float | None, live: bool) -> Look:
    weighed = Look(colour, fill=0.0) if p is None else probability_look(colour, p)
    if not live:
        dead = dead_look(colour)
        return Look(colour, dead.width, dead.opacity, dashed=True, mark=mark, fill=weighed.fill)
    if mark == "none":
        return Look(colour, FIXED_WIDTH)
    return Look(colour, weighed.width, weighed.opacity, mark=mark, fill=weighed.fill)


def _guard(graph: Graph, live: Collection[str] | None, probabilities: Probabilities) -> None:
    _known("edge", live or (), graph.edge_index)
    _known("gate", probabilities, graph.gate_index)
    for edge in graph.edges:
        if isnan(probability_of(graph, edge, probabilities) or 0.0):
            raise ValueError(f"the probability of gate `{edge.gate}` is not a number")


def _known(what: str, names: Collection[str], known: Mapping[str, int]) -> None:
    unknown = sorted(name for name in names if name not in known)
    if unknown:
        raise ValueError(f"no {what} is named `{unknown[0]}`")


def probability_of(graph: Graph, edge: Edge, probabilities: Probabilities | None) -> float | None:
    """Of an edge to be kept; None where it is fixed or its gate is left out."""
    if edge.gate is None or probabilities is None or edge.gate not in probabilities:
        return None
    p = probabilities[edge.gate]
    if not isinstance(p, Mapping):
        return p
    options = graph.gates[graph.gate_index[edge.gate]].options
    return p[options[edge.option or 0]]


def gate_text(graph: Graph, edge: Edge, probabilities: Probabilities | None) -> str:
    """`fixed`, `gate`, `gate g[0,1]` or `option 2 of gate g[0,1]`, with the probability where it is known."""
    if edge.gate is None:
        return "fixed"
    name = "gate" if edge.gate == edge.name else f"gate {edge.gate}"
    if edge.option is not None:
        name = f"option {edge.option} of gate {edge.gate}"
    p = probability_of(graph, edge, probabilities)
    return name if p is None else f"{name}, p = {p:.3g}"


def distinct(looks: Sequence[Look]) -> list[Look]:
    """Looks in the order of drawing: faint ones first, so that they lie below."""
    return sorted(set(looks), key=lambda k: (not k.dashed, k.opacity, k.width, k.colour, k.mark, k.fill))
