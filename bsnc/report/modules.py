"""Modules told apart at a glance: a short signature of each, and a colour for each signature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bsnc.ir import Edge, Graph, OpCall
from bsnc.report.theme import OTHER_COLOUR, PALETTE

_UNTOLD = frozenset({"channels", "features", "bias", "momentum", "eps"})
_WRITTEN_OTHERWISE = frozenset({"kernel", "stride", "factor"})


@dataclass(frozen=True)
class Kind:
    """A legend entry: a signature, its colour, and how many edges have it."""

    signature: str
    colour: str
    count: int


def signature(module: Sequence[OpCall]) -> str:
    """`conv 3×3 /2 + batch_norm`: the ops with their geometry; widths are told by the nodes."""
    return " + ".join(_call(call) for call in module)


def kinds_of(graph: Graph) -> tuple[list[Kind], list[int]]:
    """Kinds by falling count, and the kind of every edge; beyond the palette all share one kind, the last."""
    signatures = _signatures(graph.edges)
    counted = Counter(signatures).most_common()
    room = len(PALETTE) if len(counted) <= len(PALETTE) else len(PALETTE) - 1
    kinds = [Kind(text, PALETTE[i], count) for i, (text, count) in enumerate(counted[:room])]
    index = {kind.signature: i for i, kind in enumerate(kinds)}
    rest = counted[room:]
    if rest:
        kinds.append(Kind(f"{len(rest)} other modules", OTHER_COLOUR, sum(count for _, count in rest)))
    return kinds, [index.get(text, len(kinds) - 1) for text in signatures]


def _signatures(edges: Sequence[Edge]) -> list[str]:
    return [signature(edge.module) for edge in edges]


def _call(call: OpCall) -> str:
    given = call.arguments
    defaults = {p.name: p.default for p in call.definition.parameters}
    parts = [call.op]
    if "kernel" in given:
        parts.append("×".join([str(given["kernel"])] * max(1, len(call.in_shape) - 1)))
    if given.get("stride", 1) != 1:
        parts.append(f"/{given['stride']}")
    if "factor" in given:
        parts.append(f"×{given['factor']}")
    for name, value in given.items():
        if name not in _UNTOLD | _WRITTEN_OTHERWISE and defaults.get(name) != value:
            parts.append(f"{name} {value}")
    return " ".join(parts)
