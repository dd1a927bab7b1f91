"""What elaboration knows at a place: what it has found so far, the loops and the cells around."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from bsnc.diagnostics import Diagnosed, Diagnostic, SourceSpan
from bsnc.sema.elaboration.raw import RawNetwork, RawNode, Use, declared_twice, in_context, iteration_text
from bsnc.sema.expressions.evaluate import Evaluator
from bsnc.sema.expressions.values import NodeArray, NodeRef, Scope, Value
from bsnc.syntax import ast

MAX_MISTAKES = 100
MAX_REPEATED = 1_000
"""Mistakes, those counted that repeat one already reported, as in a loop."""


class LimitExceededError(Exception):
    """A limit was hit and reported: elaboration ends here."""


@dataclass
class Ports:
    """The nodes of a cell that hold what comes in and what goes out, with the places that say so."""

    input: tuple[str, SourceSpan] | None = None
    output: tuple[str, SourceSpan] | None = None


def numbered(taken: dict[str, int], name: str) -> str:
    """`#1`, `#2`, … behind a name that is taken already, and nothing behind the first."""
    number = taken.get(name, 0)
    taken[name] = number + 1
    return f"#{number}" if number else ""


@dataclass
class Context:
    """The state of the elaboration of one network, shared by the handlers of all statements."""

    evaluator: Evaluator
    result: RawNetwork
    loop: list[tuple[str, Value]] = field(default_factory=list[tuple[str, Value]])
    cell: str = ""
    """The instance that is being elaborated, as a prefix of the names in it; empty in the network itself."""
    ports: Ports = field(default_factory=Ports)
    uses: tuple[Use, ...] = ()
    instances: dict[str, int] = field(default_factory=dict[str, int])
    """How often a name was given to an edge, an instance of a cell, a choice or a gate."""
    used_cells: set[int] = field(default_factory=set[int])
    mistakes: int = 0
    lacks: frozenset[str] = frozenset()
    """Which of `input` and `output` the network does not declare anywhere."""
    outer: Context | None = None
    """Where a cell that no edge uses is looked at apart: the context around it."""

    def node(self, name: str) -> RawNode:
        """A declared node by its full name."""
        if name in self.result.nodes or self.outer is None:
            return self.result.nodes[name]
        return self.outer.node(name)

    def declare(self, name: ast.Identifier, value: Value, scope: Scope, label: str = "declared here") -> None:
        """Raises Diagnosed (BSN202) where the name is visible already; nodes of the cells around may be hidden, as no
        edge here can join them."""
        previous = scope.lookup(name.text)
        if previous is not None and not self._is_of_another_cell(previous.value, name.text):
            raise Diagnosed(declared_twice(name.text, name.span, previous.span))
        scope.declare(name.text, value, name.span, label)

    def _is_of_another_cell(self, value: Value, name: str) -> bool:
        return isinstance(value, (NodeRef, NodeArray)) and value.name != self.cell + name

    def report(self, mistake: Diagnosed, statement: ast.Syntax | None = None) -> None:
        """Keep what was found wrong, in a statement if it is given. Raises LimitExceededError where it is too much."""
        for diagnostic in mistake.diagnostics:
            self.result.report(diagnostic if statement is None else self._in_context(diagnostic, statement))
        self.mistakes += 1
        if self.mistakes > MAX_REPEATED or any(d.code == "BSN213" for d in mistake.diagnostics):
            raise LimitExceededError
        if len(self.result.diagnostics) >= MAX_MISTAKES:
            message = f"more than {MAX_MISTAKES} mistakes: the rest of the network was not checked"
            self.result.report(Diagnostic("BSN213", message, subject=self.result.span.source.name))
            raise LimitExceededError

    def _in_context(self, diagnostic: Diagnostic, statement: ast.Syntax) -> Diagnostic:
        """Adds which iteration a message comes from, which statement where it is about a block, and which cells."""
        span = diagnostic.span
        if isinstance(statement, (ast.For, ast.If)) or diagnostic.notes:
            return diagnostic
        within = span is not None and statement.span.start <= span.start < statement.span.end
        notes: list[str] = []
        if self.loop or not within:
            notes.append(f"while elaborating {in_context(statement.span, iteration_text(self.loop))}")
        return replace(diagnostic, notes=(*notes, *map(str, reversed(self.uses))))

    @contextmanager
    def inside(self, cell: str, use: Use) -> Generator[Ports]:
        """Inside an instance of a cell, with its own names and loops; yields its ports, to be filled."""
        before = (self.cell, self.ports, self.loop, self.uses)
        self.cell, self.ports, self.loop, self.uses = cell, Ports(), [], (*self.uses, use)
        try:
            yield self.ports
        finally:
            self.cell, self.ports, self.loop, self.uses = before
