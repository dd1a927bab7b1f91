"""A network after elaboration, before shapes: nodes and edges with provenance, and what was found wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from bsnc.diagnostics import Diagnostic, Label, SourceSpan
from bsnc.ops import Shape
from bsnc.sema.expressions.values import Stage, Value, show

Loop = tuple[tuple[str, Value], ...]
Aggregation = Literal["sum", "mean", "max", "concat"]
AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)
_UNKNOWN = ("BSN201", "BSN203")
_MAX_LABELS = 4


@dataclass(frozen=True)
class RawNode:
    """A declared node, before its shape is known; input and output declare theirs. `cell`: the instance it lies in."""

    name: str
    kind: Literal["input", "hidden", "output"]
    span: SourceSpan
    shape: Shape | None = None
    aggregation: Aggregation = "sum"
    activations: tuple[Stage, ...] = ()
    in_array: bool = False
    cell: str = ""


@dataclass(frozen=True)
class RawGate:
    """A gate that edges follow, and where the first of them is. `options` as the spec writes them, of a choice; `init`
    is the probability at which it starts, where the spec says so."""

    name: str
    options: tuple[str, ...]
    span: SourceSpan
    init: float | None = None


@dataclass(frozen=True)
class Use:
    """An edge that carries a cell, in an iteration of the loops around it."""

    cell: str
    span: SourceSpan
    loop: Loop

    def __str__(self) -> str:
        return f"inside cell `{self.cell}`, which {in_context(self.span, iteration_text(self.loop))} uses"


@dataclass(frozen=True)
class RawEdge:
    """An elaborated edge, before shapes.

    `loop` holds the loop variables around it with their values, `uses` the cells that it lies in, outermost first.
    """

    name: str
    source: str
    target: str
    stages: tuple[Stage, ...]
    gate: str | None
    option: int | None
    span: SourceSpan
    loop: Loop
    uses: tuple[Use, ...] = ()

    @property
    def iteration(self) -> str:
        """`l = 1, s = 0`; empty outside of loops."""
        return iteration_text(self.loop)

    @property
    def context(self) -> str:
        """The statement that the edge comes from, for messages."""
        return in_context(self.span, self.iteration)

    @property
    def notes(self) -> tuple[str, ...]:
        """Where in loops and cells it comes from; nothing for a statement that yields one edge."""
        own = (f"edge `{self.name}`, while elaborating {self.context}",) if self.iteration or self.uses else ()
        return (*own, *map(str, reversed(self.uses)))


@dataclass
class RawNetwork:
    """What elaboration of one network found, its diagnostics included.

    Not `complete` where something was left out silently, as it depends on a mistake reported elsewhere.
    """

    name: str
    span: SourceSpan
    nodes: dict[str, RawNode] = field(default_factory=dict[str, RawNode])
    edges: list[RawEdge] = field(default_factory=list[RawEdge])
    gates: dict[str, RawGate] = field(default_factory=dict[str, RawGate])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    complete: bool = True
    _places: set[tuple[str, str, int, int]] = field(default_factory=set[tuple[str, str, int, int]])
    _unknown: dict[str, int] = field(default_factory=dict[str, int])

    def report(self, diagnostic: Diagnostic) -> None:
        """Add a diagnostic. The same mistake at the same place, as in a loop, and further uses of the same unknown
        name are one mistake."""
        span = diagnostic.span
        where, start, end = (span.source.name, span.start, span.end) if span else (diagnostic.message, 0, 0)
        place = (diagnostic.code, where, start, end)
        if place in self._places:
            return
        self._places.add(place)
        if span is None or diagnostic.code not in _UNKNOWN:
            self.diagnostics.append(diagnostic)
            return
        index = self._unknown.setdefault(diagnostic.message, len(self.diagnostics))
        if index == len(self.diagnostics):
            self.diagnostics.append(diagnostic)
            return
        first = self.diagnostics[index]
        if len(first.labels) < _MAX_LABELS:
            labels = (*first.labels, Label(span, "and here"))
            self.diagnostics[index] = replace(first, labels=labels)


def declared_twice(name: str, span: SourceSpan, first: SourceSpan, *labels: Label) -> Diagnostic:
    """BSN202, at the second declaration."""
    labels = (Label(first, "first declared here"), *labels)
    return Diagnostic("BSN202", f"`{name}` is declared twice", span, labels=labels)


def missing_end(network: RawNetwork, kind: str) -> Diagnostic:
    """BSN302 for a network without an input or output."""
    example = {"input": "input image: float[3, 32, 32]", "output": "output logits: float[10]"}[kind]
    help_text = f"declare an {kind}, as in `{example}`"
    return Diagnostic("BSN302", f"network `{network.name}` has no {kind}", network.span, help=help_text)


def iteration_text(loop: Sequence[tuple[str, Value]]) -> str:
    """The values of loop variables: `l = 1, s = 0`."""
    return ", ".join(f"{name} = {show(value)}" for name, value in loop)


def in_context(span: SourceSpan, iteration: str) -> str:
    """A statement on one line, where it stands, and in which iteration of its loops."""
    place = f"{span}, {iteration}" if iteration else str(span)
    return f"`{one_line(span)}` ({place})"


def one_line(span: SourceSpan, limit: int = 70) -> str:
    """The text of a span with its line ends and runs of blanks made single blanks, cut to `limit`."""
    text = " ".join(span.text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
