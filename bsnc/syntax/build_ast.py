"""From lark's parse events to the AST. One method per grammar rule, in the order of the grammar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

from lark import Token, Transformer
from lark.tree import Meta
from lark.visitors import v_args

from bsnc.diagnostics import Diagnosed, Diagnostic, Source, SourceSpan
from bsnc.syntax import ast
from bsnc.syntax.errors import not_a_name
from bsnc.syntax.literals import split_number

Children = Sequence[Any]


def _present(children: Children) -> tuple[Any, ...]:
    """Without the placeholders of what is optional and absent."""
    return tuple(child for child in children if child is not None)


RESERVED = {
    *("import", "network", "cell", "budget", "let", "block", "node", "gate", "edge", "fixed", "choice", "repeat"),
    *("extern", "for", "in", "if", "else", "and", "or", "not", "true", "false"),
}
"""Words that cannot be declared: where one may stand, the grammar would take it for a keyword. `input`, `output`
and the names of sections stay free, they are natural names of nodes."""


@v_args(meta=True)
class BuildAst(Transformer[Token, ast.Spec]):
    """Children arrive as built AST nodes, tokens, or None for what is optional and absent.

    `mistakes` holds what is wrong with numbers and names; the tree is then not to be used.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self.mistakes: list[Diagnostic] = []

    def _span(self, meta: Meta) -> SourceSpan:
        if meta.empty:
            return SourceSpan(self._source, 0, 0)
        return SourceSpan(self._source, meta.start_pos, meta.end_pos)

    def _identifier(self, token: Token) -> ast.Identifier:
        start, end = cast(int, token.start_pos), cast(int, token.end_pos)
        return ast.Identifier(str(token), span=SourceSpan(self._source, start, end))

    def _declared(self, token: Token) -> ast.Identifier:
        """The name of something declared here: no word that would be read as a keyword elsewhere."""
        if str(token) in RESERVED:
            self.mistakes.append(not_a_name(token, self._source))
        return self._identifier(token)

    def spec(self, meta: Meta, items: Children) -> ast.Spec:
        return ast.Spec(tuple(items), span=self._span(meta))

    def import_file(self, meta: Meta, children: Children) -> ast.Import:
        return ast.Import(self._quoted(children[0]), span=self._span(meta))

    def network(self, meta: Meta, children: Children) -> ast.Network:
        name, *parameters, body = children
        return ast.Network(self._declared(name), _present(parameters), body, span=self._span(meta))

    def parameter(self, meta: Meta, children: Children) -> ast.Parameter:
        name, type_, limits, default = children
        return ast.Parameter(self._declared(name), type_, limits, default, span=self._span(meta))

    def limits(self, meta: Meta, children: Children) -> ast.Limits:
        return ast.Limits(children[0], False, span=self._span(meta))

    def range_limits(self, meta: Meta, children: Children) -> ast.Limits:
        start, stop = children
        return ast.Limits(ast.Range(start, stop, span=start.span.to(stop.span)), False, span=self._span(meta))

    def open_limits(self, meta: Meta, children: Children) -> ast.Limits:
        return ast.Limits(children[0], True, span=self._span(meta))

    def type(self, meta: Meta, children: Children) -> ast.ParameterType:
        name, element = children
        inner = self._identifier(element) if element is not None else None
        return ast.ParameterType(self._identifier(name), inner, span=self._span(meta))

    def input(self, meta: Meta, children: Children) -> ast.End | ast.Port:
        return self._end("input", meta, children)

    def output(self, meta: Meta, children: Children) -> ast.End | ast.Port:
        return self._end("output", meta, children)

    def _end(self, kind: Literal["input", "output"], meta: Meta, children: Children) -> ast.End | ast.Port:
        if len(children) == 1:
            return ast.Port(kind, children[0], span=self._span(meta))
        return ast.End(kind, self._declared(children[0]), children[1], span=self._span(meta))

    def tensor(self, meta: Meta, children: Children) -> ast.TensorType:
        return ast.TensorType(self._identifier(children[0]), tuple(children[1:]), span=self._span(meta))

    def let(self, meta: Meta, children: Children) -> ast.Let:
        return ast.Let(self._declared(children[0]), children[1], span=self._span(meta))

    def block(self, meta: Meta, children: Children) -> ast.Block:
        name, *parameters, value = children
        return ast.Block(self._declared(name), _present(parameters), value, span=self._span(meta))

    def cell(self, meta: Meta, children: Children) -> ast.Cell:
        name, *parameters, body = children
        return ast.Cell(self._declared(name), _present(parameters), body, span=self._span(meta))

    def node(self, meta: Meta, children: Children) -> ast.NodeDeclaration:
        name, extent, pipeline = children
        return ast.NodeDeclaration(self._declared(name), extent or (), pipeline, span=self._span(meta))

    def extent(self, meta: Meta, children: Children) -> tuple[ast.Expr, ...]:  # noqa: ARG002
        return tuple(children)

    def gate(self, meta: Meta, children: Children) -> ast.GateDeclaration:
        name, extent, init = children
        return ast.GateDeclaration(self._declared(name), extent or (), init, span=self._span(meta))

    def edge(self, meta: Meta, children: Children) -> ast.EdgeDeclaration:
        fixed, source, target, module, *gate = children
        return ast.EdgeDeclaration(fixed is not None, source, target, module, *(gate or (None,)), span=self._span(meta))

    def choice(self, meta: Meta, children: Children) -> ast.Choice:
        gate, options = children
        return ast.Choice(gate, options, span=self._span(meta))

    def options(self, meta: Meta, children: Children) -> tuple[ast.Statement, ...]:  # noqa: ARG002
        return _present(children)

    def option(self, meta: Meta, children: Children) -> ast.Option:  # noqa: ARG002
        return ast.Option(children[0], span=children[0].span)

    def binding(self, meta: Meta, children: Children) -> ast.Binding:
        return ast.Binding(self._declared(children[0]), children[1], span=self._span(meta))

    def body(self, meta: Meta, children: Children) -> tuple[ast.Statement, ...]:  # noqa: ARG002
        return tuple(children)

    def for_loop(self, meta: Meta, children: Children) -> ast.For:
        *bindings, body = children
        return ast.For(tuple(bindings), body, span=self._span(meta))

    def if_statement(self, meta: Meta, children: Children) -> ast.If:
        _, condition, then, otherwise = children
        if isinstance(otherwise, ast.If):
            otherwise = (otherwise,)
        return ast.If(condition, then, otherwise or (), span=self._span(meta))

    def budget(self, meta: Meta, children: Children) -> ast.Budget:
        cost, _, (bound, of_max) = children
        return ast.Budget(cost, bound, of_max, span=self._span(meta))

    def cost(self, meta: Meta, children: Children) -> ast.CostReference:
        arguments = _present(children[1:])
        return ast.CostReference(self._identifier(children[0]), arguments, span=self._span(meta))

    def extern_cost(self, meta: Meta, children: Children) -> ast.ExternCost:
        return ast.ExternCost(self._quoted(children[0]), span=self._span(meta))

    def bound(self, meta: Meta, children: Children) -> tuple[ast.Expr, bool]:  # noqa: ARG002
        return children[0], False

    def share(self, meta: Meta, children: Children) -> tuple[ast.Expr, bool]:  # noqa: ARG002
        return children[0], True

    def section(self, meta: Meta, children: Children) -> ast.Section:
        return ast.Section(self._identifier(children[0]), tuple(children[1:]), span=self._span(meta))

    def entry(self, meta: Meta, children: Children) -> ast.Entry:
        return ast.Entry(self._identifier(children[0]), children[1], span=self._span(meta))

    def conditional(self, meta: Meta, children: Children) -> ast.Conditional:
        return ast.Conditional(children[0], children[1], children[2], span=self._span(meta))

    def pipe(self, meta: Meta, children: Children) -> ast.Pipe:
        return ast.Pipe(tuple(children), span=self._span(meta))

    def binary(self, meta: Meta, children: Children) -> ast.Binary:
        left, operator, right = children
        return ast.Binary(str(operator), left, right, span=self._span(meta))

    def unary(self, meta: Meta, children: Children) -> ast.Unary:
        operator = "-" if str(children[0]) == "-" else "not"
        return ast.Unary(operator, children[1], span=self._span(meta))

    def range(self, meta: Meta, children: Children) -> ast.Range:
        return ast.Range(children[0], children[1], span=self._span(meta))

    def repeat(self, meta: Meta, children: Children) -> ast.Repeat:
        return ast.Repeat(children[0], children[1], span=self._span(meta))

    def extern(self, meta: Meta, children: Children) -> ast.Extern:
        target, arguments, declared = children
        return ast.Extern(self._quoted(target), arguments, declared or (), span=self._span(meta))

    def arguments(self, meta: Meta, children: Children) -> tuple[ast.Argument, ...]:  # noqa: ARG002
        return _present(children)

    def index(self, meta: Meta, children: Children) -> ast.Index:
        return ast.Index(children[0], tuple(children[1:]), span=self._span(meta))

    def call(self, meta: Meta, children: Children) -> ast.Call:
        arguments = _present(children[1:])
        return ast.Call(self._identifier(children[0]), arguments, span=self._span(meta))

    def argument(self, meta: Meta, children: Children) -> ast.Argument:
        name = self._identifier(children[0]) if children[0] is not None else None
        return ast.Argument(name, children[1], span=self._span(meta))

    def number(self, meta: Meta, children: Children) -> ast.Number:
        try:
            value, unit = split_number(str(children[0]), self._span(meta))
        except Diagnosed as mistake:
            self.mistakes += mistake.diagnostics
            value, unit = 0, ""
        return ast.Number(value, unit, span=self._span(meta))

    def string(self, meta: Meta, children: Children) -> ast.String:  # noqa: ARG002
        return self._quoted(children[0])

    def _quoted(self, token: Token) -> ast.String:
        start, end = cast(int, token.start_pos), cast(int, token.end_pos)
        return ast.String(str(token)[1:-1], span=SourceSpan(self._source, start, end))

    def boolean(self, meta: Meta, children: Children) -> ast.Boolean:
        return ast.Boolean(str(children[0]) == "true", span=self._span(meta))

    def name(self, meta: Meta, children: Children) -> ast.Name:
        return ast.Name(str(children[0]), span=self._span(meta))

    def list(self, meta: Meta, children: Children) -> ast.ListLiteral:
        return ast.ListLiteral(_present(children), span=self._span(meta))
