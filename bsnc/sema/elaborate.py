"""Statements of a network → nodes and edges with provenance. Shapes come later, in `build`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import NoReturn

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ops import OPS
from bsnc.sema.evaluate import Evaluator
from bsnc.sema.names import declarations
from bsnc.sema.parameters import parameter_value
from bsnc.sema.raw import RawEdge, RawNetwork, RawNode, in_context, iteration_text
from bsnc.sema.together import PoisonedError, together
from bsnc.sema.values import (
    POISON,
    BlockValue,
    Module,
    NodeArray,
    NodeRef,
    Scope,
    Stage,
    Value,
    describe,
    is_int,
    show,
)
from bsnc.syntax import ast

MAX_EDGES = 100_000
MAX_NODES = 100_000
MAX_MISTAKES = 100
MAX_REPEATED = 1_000
"""Mistakes, those counted that repeat one already reported, as in a loop."""
AGGREGATIONS = ("sum",)
DTYPES = ("float",)


class LimitExceededError(Exception):
    """A limit was hit and reported: elaboration ends here."""


def elaborate(network: ast.Network, settings: Mapping[str, Value]) -> RawNetwork:
    """Run the body of a network. Mistakes end up in `diagnostics`; what depends on them is left out silently."""
    return _Elaboration(network, settings).run()


class _Elaboration:
    def __init__(self, network: ast.Network, settings: Mapping[str, Value]) -> None:
        self.network = network
        self.settings = settings
        self.evaluator = Evaluator({name.text: name.span for name in declarations(network.body)})
        self.result = RawNetwork(network.name.text, network.name.span)
        self.loop: list[tuple[str, Value]] = []
        self.parallel: dict[tuple[str, str], int] = {}
        self.mistakes = 0

    def run(self) -> RawNetwork:
        scope = Scope()
        try:
            for parameter in self.network.parameters:
                self._declare_parameter(parameter, scope)
            self._statements(self.network.body, scope)
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
                self._stop_at_limits(mistake)
        self._check_blocks(scope)

    def _stop_at_limits(self, mistake: Diagnosed) -> None:
        self.mistakes += 1
        if self.mistakes > MAX_REPEATED or any(d.code == "BSN213" for d in mistake.diagnostics):
            raise LimitExceededError
        if len(self.result.diagnostics) >= MAX_MISTAKES:
            message = f"more than {MAX_MISTAKES} mistakes: the rest of the network was not checked"
            self.result.report(Diagnostic("BSN213", message, subject=self.result.span.source.name))
            raise LimitExceededError

    def _statement(self, statement: ast.Statement, scope: Scope) -> None:
        match statement:
            case ast.Let():
                self._declare(statement.name, self.evaluator.value(statement.value, scope), scope)
            case ast.Block():
                self._check_parameters(statement)
                self._declare(statement.name, BlockValue(statement, scope.until_now()), scope)
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

    def _declare(self, name: ast.Identifier, value: Value, scope: Scope, label: str = "declared here") -> None:
        previous = scope.lookup(name.text)
        if previous is not None:
            first = Label(previous.span, "first declared here")
            message = f"`{name.text}` is declared twice"
            raise Diagnosed(Diagnostic("BSN202", message, name.span, labels=(first,)))
        scope.declare(name.text, value, name.span, label)

    def _poison(self, statement: ast.Statement, scope: Scope) -> None:
        """After a failed declaration its name still exists, so that its uses are no further mistakes."""
        if isinstance(statement, (ast.EdgeDeclaration, ast.For, ast.If)):
            return
        if scope.lookup(statement.name.text) is None:
            scope.declare(statement.name.text, POISON, statement.name.span)

    def _declare_parameter(self, parameter: ast.Parameter, scope: Scope) -> None:
        name = parameter.name.text
        try:
            if name in self.settings:
                given = self.settings[name]
                self._declare(parameter.name, given, scope, f"set to {show(given)} from outside")
            else:
                self._declare(parameter.name, parameter_value(parameter, self.evaluator, scope), scope)
        except PoisonedError:
            scope.declare(name, POISON, parameter.name.span)
        except Diagnosed as mistake:
            if scope.lookup(name) is None:
                scope.declare(name, POISON, parameter.name.span)
            for diagnostic in mistake.diagnostics:
                self.result.report(diagnostic)

    def _check_parameters(self, block: ast.Block) -> None:
        seen: dict[str, SourceSpan] = {}
        for parameter in block.parameters:
            name = parameter.name
            if name.text in seen:
                first = Label(seen[name.text], "first declared here")
                message = f"`{name.text}` is declared twice"
                raise Diagnosed(Diagnostic("BSN202", message, name.span, labels=(first,)))
            seen[name.text] = name.span

    def _check_blocks(self, scope: Scope) -> None:
        """A mistake in a block that no edge uses is a mistake too, where no argument is needed to see it."""
        for binding in scope.own():
            if not isinstance(binding.value, BlockValue):
                continue
            try:
                self.evaluator.check_block(binding.value, binding.span)
            except PoisonedError:
                continue
            except Diagnosed as mistake:
                for diagnostic in mistake.diagnostics:
                    self.result.report(diagnostic)
                self._stop_at_limits(mistake)

    def _in_context(self, diagnostic: Diagnostic, statement: ast.Statement) -> Diagnostic:
        """Adds which iteration a message comes from, and which statement where the message is about a block."""
        span = diagnostic.span
        within = span is not None and statement.span.start <= span.start < statement.span.end
        if isinstance(statement, (ast.For, ast.If)) or (within and not self.loop) or diagnostic.notes:
            return diagnostic
        note = f"while elaborating {in_context(statement.span, iteration_text(self.loop))}"
        return replace(diagnostic, notes=(*diagnostic.notes, note))

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
            help_text = f"for a range, write `0..{first.values.span.text}`" if is_int(values) else None
            raise Diagnosed(Diagnostic("BSN206", message, first.values.span, help=help_text))
        for value in values:
            self.evaluator.step(span, 2)
            inner = Scope(scope)
            self._declare(first.name, value, inner)
            self.loop.append((first.name.text, value))
            try:
                yield from self._iterations(rest, inner, span)
            finally:
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
            again = previous.span == node.span
            labels = () if again else (Label(previous.span, "first declared here"),)
            message = f"node `{node.name}` is declared {'in every iteration' if again else 'twice'}"
            help_text = "declare an array of nodes before the loop, as in `node h[3]`" if again else None
            raise Diagnosed(Diagnostic("BSN202", message, node.span, labels=labels, help=help_text))
        if len(self.result.nodes) >= MAX_NODES:
            raise Diagnosed(Diagnostic("BSN213", f"more than {MAX_NODES:,} nodes", node.span))
        self.result.nodes[node.name] = node

    def _node_pipeline(self, pipeline: ast.Expr | None, scope: Scope) -> tuple[Stage, ...]:
        """`sum | relu` → the activations after the aggregation, which is `sum` where it is left out."""
        if pipeline is None:
            return ()
        parts = pipeline.stages if isinstance(pipeline, ast.Pipe) else (pipeline,)
        first = parts[0]
        if isinstance(first, ast.Name) and scope.lookup(first.text) is None:
            if first.text in AGGREGATIONS:
                parts = parts[1:]
            elif first.text not in OPS:
                self._unknown_aggregation(first)
        modules = together([partial(self.evaluator.module, part, scope) for part in parts])
        stages = [stage for module in modules for stage in module.stages]
        for stage in stages:
            if not OPS[stage.op].activation:
                message = f"`{stage.op}` cannot stand in a node; a node aggregates and applies activations"
                help_text = "put it on the edges that arrive"
                raise Diagnosed(Diagnostic("BSN306", message, stage.span, help=help_text))
        return tuple(stages)

    def _unknown_aggregation(self, name: ast.Name) -> NoReturn:
        activations = [op.name for op in OPS.values() if op.activation]
        message = f"no aggregation or activation named `{name.text}`"
        help_text = did_you_mean(name.text, [*AGGREGATIONS, *activations])
        raise Diagnosed(Diagnostic("BSN203", message, name.span, help=help_text))

    # ---- edges ----

    def _edge(self, statement: ast.EdgeDeclaration, scope: Scope) -> None:
        source, target, module = self._edge_parts(statement, scope)
        self._check_direction(statement, self.result.nodes[source], self.result.nodes[target])
        if len(self.result.edges) >= MAX_EDGES:
            raise Diagnosed(Diagnostic("BSN213", f"more than {MAX_EDGES:,} edges", statement.span))
        self.evaluator.step(statement.span, len(module.stages))
        number = self.parallel.get((source, target), 0)
        self.parallel[source, target] = number + 1
        name = f"{source}->{target}" + (f"#{number}" if number else "")
        parts = (module.stages, statement.fixed, statement.span, tuple(self.loop))
        self.result.edges.append(RawEdge(name, source, target, *parts))

    def _edge_parts(self, statement: ast.EdgeDeclaration, scope: Scope) -> tuple[str, str, Module]:
        """Names of source and target, and the module."""
        evaluate: list[Callable[[], NodeRef | Module]] = [
            partial(self.evaluator.node, statement.source, scope),
            partial(self.evaluator.node, statement.target, scope),
            partial(self.evaluator.module, statement.module, scope),
        ]
        source, target, module = together(evaluate)
        assert isinstance(source, NodeRef) and isinstance(target, NodeRef) and isinstance(module, Module)
        return source.name, target.name, module

    def _check_direction(self, statement: ast.EdgeDeclaration, source: RawNode, target: RawNode) -> None:
        """Raises Diagnosed (BSN305)."""
        if target.kind == "input":
            message, wrong, node = "an edge into the input", statement.target, target
        elif source.kind == "output":
            message, wrong, node = "an edge out of the output", statement.source, source
        else:
            return
        declared = Label(node.span, f"the {node.kind}, declared here")
        raise Diagnosed(Diagnostic("BSN305", message, wrong.span, labels=(declared,)))
