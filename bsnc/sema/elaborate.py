"""Statements of a network → nodes and edges with provenance. Shapes come later, in `build`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ops import OPS, Shape
from bsnc.sema.evaluate import Evaluator, PoisonedError
from bsnc.sema.parameters import parameter_value
from bsnc.sema.values import (
    POISON,
    Binding,
    BlockValue,
    Module,
    NodeArray,
    NodeRef,
    Scope,
    Stage,
    Value,
    describe,
)
from bsnc.syntax import ast

MAX_EDGES = 100_000
MAX_NODES = 100_000
AGGREGATIONS = ("sum",)
DTYPES = ("float",)


@dataclass(frozen=True)
class RawNode:
    """A declared node, before its shape is known; input and output declare theirs."""

    name: str
    kind: Literal["input", "hidden", "output"]
    span: SourceSpan
    shape: Shape | None = None
    activations: tuple[Stage, ...] = ()
    in_array: bool = False


@dataclass(frozen=True)
class RawEdge:
    """An elaborated edge, before shapes; `context` tells messages which iteration it came from."""

    name: str
    source: str
    target: str
    stages: tuple[Stage, ...]
    fixed: bool
    span: SourceSpan
    context: str


@dataclass
class RawNetwork:
    """What elaboration of one network found, its diagnostics included."""

    name: str
    span: SourceSpan
    nodes: dict[str, RawNode] = field(default_factory=dict[str, RawNode])
    edges: list[RawEdge] = field(default_factory=list[RawEdge])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])

    def report(self, diagnostic: Diagnostic) -> None:
        """Add a diagnostic unless the same mistake at the same place was reported, as in a loop."""
        place = (diagnostic.code, diagnostic.span)
        if all((d.code, d.span) != place for d in self.diagnostics):
            self.diagnostics.append(diagnostic)


class LimitExceededError(Exception):
    """A limit was hit and reported: elaboration ends here."""


def elaborate(network: ast.Network, settings: Mapping[str, Value]) -> RawNetwork:
    """Run the body of a network. Mistakes end up in `diagnostics`; what depends on them is left out silently."""
    return _Elaboration(network, settings).run()


class _Elaboration:
    def __init__(self, network: ast.Network, settings: Mapping[str, Value]) -> None:
        self.network = network
        self.settings = settings
        self.evaluator = Evaluator()
        self.result = RawNetwork(network.name.text, network.name.span)
        self.loop: list[tuple[str, Value]] = []
        self.parallel: dict[tuple[str, str], int] = {}

    def run(self) -> RawNetwork:
        scope = Scope()
        try:
            for parameter in self.network.parameters:
                self._declare_parameter(parameter, scope)
            self._statements(self.network.body, scope)
            self._unused_blocks(scope)
        except LimitExceededError:
            pass
        return self.result

    def _statements(self, statements: tuple[ast.Statement, ...], scope: Scope) -> None:
        for statement in statements:
            try:
                self.evaluator.step(statement.span)
                self._statement(statement, scope)
            except PoisonedError:
                self._poison(statement, scope)
            except Diagnosed as mistake:
                self._poison(statement, scope)
                for diagnostic in mistake.diagnostics:
                    self.result.report(self._in_context(diagnostic, statement))
                if any(d.code == "BSN213" for d in mistake.diagnostics):
                    raise LimitExceededError from None

    def _statement(self, statement: ast.Statement, scope: Scope) -> None:
        match statement:
            case ast.Let():
                self._declare(statement.name, self.evaluator.value(statement.value, scope), scope)
            case ast.Block():
                self._check_block(statement)
                self._declare(statement.name, BlockValue(statement, scope), scope)
            case ast.NodeDeclaration():
                self._node(statement, scope)
            case ast.EdgeDeclaration():
                self._edge(statement, scope)
            case ast.Input() | ast.Output():
                self._end(statement, scope)
            case ast.For():
                self._for(statement, scope)
            case ast.If():
                taken = self.evaluator.truth(statement.condition, scope)
                self._statements(statement.then if taken else statement.otherwise, Scope(scope))

    # ---- names ----

    def _declare(self, name: ast.Identifier, value: Value, scope: Scope) -> None:
        previous = scope.lookup(name.text)
        if previous is not None:
            first = Label(previous.span, "first declared here")
            message = f"`{name.text}` is declared twice"
            raise Diagnosed(Diagnostic("BSN202", message, name.span, labels=(first,)))
        scope.names[name.text] = Binding(value, name.span)

    def _poison(self, statement: ast.Statement, scope: Scope) -> None:
        """After a failed declaration its name still exists, so that its uses are no further mistakes."""
        if isinstance(statement, (ast.EdgeDeclaration, ast.For, ast.If)):
            return
        scope.names.setdefault(statement.name.text, Binding(POISON, statement.name.span))

    def _declare_parameter(self, parameter: ast.Parameter, scope: Scope) -> None:
        name = parameter.name.text
        try:
            given = self.settings.get(name)
            if given is None:
                given = parameter_value(parameter, self.evaluator, scope)
            self._declare(parameter.name, given, scope)
        except Diagnosed as mistake:
            scope.names.setdefault(name, Binding(POISON, parameter.name.span))
            for diagnostic in mistake.diagnostics:
                self.result.report(diagnostic)

    def _check_block(self, block: ast.Block) -> None:
        seen: dict[str, SourceSpan] = {}
        for parameter in block.parameters:
            name = parameter.name
            if name.text in seen:
                first = Label(seen[name.text], "first declared here")
                message = f"`{name.text}` is declared twice"
                raise Diagnosed(Diagnostic("BSN202", message, name.span, labels=(first,)))
            seen[name.text] = name.span

    def _unused_blocks(self, scope: Scope) -> None:
        """A mistake in a block that no edge uses is a mistake too, where no argument is needed to see it."""
        for binding in scope.names.values():
            block = binding.value
            if not isinstance(block, BlockValue) or any(p.default is None for p in block.declaration.parameters):
                continue
            try:
                self.evaluator.name(ast.Name(block.declaration.name.text, span=binding.span), scope)
            except PoisonedError:
                continue
            except Diagnosed as mistake:
                for diagnostic in mistake.diagnostics:
                    self.result.report(diagnostic)

    def _in_context(self, diagnostic: Diagnostic, statement: ast.Statement) -> Diagnostic:
        """Adds which iteration a message comes from, and which statement where the message is about a block."""
        span = diagnostic.span
        within = span is not None and statement.span.start <= span.start < statement.span.end
        if isinstance(statement, (ast.For, ast.If)) or (within and not self.loop) or diagnostic.notes:
            return diagnostic
        note = f"while elaborating `{_one_line(statement.span)}` ({self._context(statement.span)})"
        return Diagnostic(
            diagnostic.code,
            diagnostic.message,
            span,
            diagnostic.subject,
            diagnostic.caption,
            diagnostic.labels,
            (*diagnostic.notes, note),
            diagnostic.help,
        )

    def _context(self, span: SourceSpan) -> str:
        values = [f"{name} = {value}" for name, value in self.loop]
        return ", ".join([str(span), *values])

    # ---- loops ----

    def _for(self, statement: ast.For, scope: Scope) -> None:
        for inner in self._iterations(statement.bindings, scope, statement.span):
            self._statements(statement.body, inner)

    def _iterations(self, bindings: tuple[ast.Binding, ...], scope: Scope, span: SourceSpan) -> Iterator[Scope]:
        """One scope per combination of values; later bindings may depend on earlier ones."""
        if not bindings:
            yield Scope(scope)
            return
        first, rest = bindings[0], bindings[1:]
        values = self.evaluator.value(first.values, scope)
        if not isinstance(values, (list, range)):
            message = f"`for` runs over a range or a list, not {describe(values)}"
            raise Diagnosed(Diagnostic("BSN206", message, first.values.span))
        for value in values:
            self.evaluator.step(span)
            inner = Scope(scope)
            self._declare(first.name, value, inner)
            self.loop.append((first.name.text, value))
            yield from self._iterations(rest, inner, span)
            self.loop.pop()

    # ---- nodes ----

    def _end(self, statement: ast.Input | ast.Output, scope: Scope) -> None:
        kind = "input" if isinstance(statement, ast.Input) else "output"
        previous = next((n for n in self.result.nodes.values() if n.kind == kind), None)
        if previous is not None:
            first = Label(previous.span, f"the first {kind}")
            message = f"a network has one {kind}"
            raise Diagnosed(Diagnostic("BSN302", message, statement.name.span, labels=(first,)))
        dtype = statement.tensor.dtype
        if dtype.text not in DTYPES:
            suggestion = did_you_mean(dtype.text, DTYPES)
            message = f"no element type `{dtype.text}`"
            raise Diagnosed(Diagnostic("BSN206", message, dtype.span, help=suggestion))
        shape = tuple(self.evaluator.integer(s, scope, "a size", minimum=1) for s in statement.tensor.shape)
        self._declare(statement.name, NodeRef(statement.name.text), scope)
        self._add_node(RawNode(statement.name.text, kind, statement.name.span, shape))

    def _node(self, statement: ast.NodeDeclaration, scope: Scope) -> None:
        activations = self._node_pipeline(statement.pipeline, scope)
        name, span = statement.name.text, statement.name.span
        extent = tuple(self.evaluator.integer(s, scope, "a size", minimum=1) for s in statement.extent)
        if not extent:
            self._declare(statement.name, NodeRef(name), scope)
            self._add_node(RawNode(name, "hidden", span, activations=activations))
            return
        total = 1
        for size in extent:
            total *= size
        if total > MAX_NODES:
            message = f"`{name}` has {total:,} nodes, more than {MAX_NODES:,}"
            raise Diagnosed(Diagnostic("BSN213", message, statement.span))
        self._declare(statement.name, NodeArray(name, extent), scope)
        for indices in itertools.product(*(range(size) for size in extent)):
            element = f"{name}[{','.join(map(str, indices))}]"
            self._add_node(RawNode(element, "hidden", span, None, activations, in_array=True))

    def _add_node(self, node: RawNode) -> None:
        """Declarations inside loops live in scopes of their own, but the network has one set of node names."""
        previous = self.result.nodes.get(node.name)
        if previous is not None:
            first = Label(previous.span, "first declared here")
            message = f"node `{node.name}` is declared twice"
            raise Diagnosed(Diagnostic("BSN202", message, node.span, labels=(first,)))
        if len(self.result.nodes) >= MAX_NODES:
            raise Diagnosed(Diagnostic("BSN213", f"more than {MAX_NODES:,} nodes", node.span))
        self.result.nodes[node.name] = node

    def _node_pipeline(self, pipeline: ast.Expr | None, scope: Scope) -> tuple[Stage, ...]:
        """`sum | relu` → the activations after the aggregation, which is `sum` where it is left out."""
        if pipeline is None:
            return ()
        parts = pipeline.stages if isinstance(pipeline, ast.Pipe) else (pipeline,)
        first = parts[0]
        if isinstance(first, ast.Name) and first.text in AGGREGATIONS and scope.lookup(first.text) is None:
            parts = parts[1:]
        stages: list[Stage] = []
        for part in parts:
            stages += self.evaluator.module(part, scope).stages
        for stage in stages:
            if not OPS[stage.op].activation:
                message = f"`{stage.op}` cannot stand in a node; a node aggregates and applies activations"
                help_text = "put it on the edges that arrive"
                raise Diagnosed(Diagnostic("BSN306", message, stage.span, help=help_text))
        return tuple(stages)

    # ---- edges ----

    def _edge(self, statement: ast.EdgeDeclaration, scope: Scope) -> None:
        source = self.evaluator.node(statement.source, scope).name
        target = self.evaluator.node(statement.target, scope).name
        module: Module = self.evaluator.module(statement.module, scope)
        if self.result.nodes[target].kind == "input":
            raise Diagnosed(Diagnostic("BSN305", "an edge into the input", statement.target.span))
        if self.result.nodes[source].kind == "output":
            raise Diagnosed(Diagnostic("BSN305", "an edge out of the output", statement.source.span))
        if len(self.result.edges) >= MAX_EDGES:
            raise Diagnosed(Diagnostic("BSN213", f"more than {MAX_EDGES:,} edges", statement.span))
        number = self.parallel.get((source, target), 0)
        self.parallel[source, target] = number + 1
        name = f"{source}->{target}" + (f"#{number}" if number else "")
        context = f"`{_one_line(statement.span)}` ({self._context(statement.span)})"
        edge = RawEdge(name, source, target, module.stages, statement.fixed, statement.span, context)
        self.result.edges.append(edge)


def _one_line(span: SourceSpan, limit: int = 70) -> str:
    text = " ".join(span.text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
