"""Statements and items as documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal

from bsnc.syntax import ast
from bsnc.syntax.printing.document import Body, Element, Word
from bsnc.syntax.printing.expressions import (
    Level,
    Parts,
    arguments,
    brackets,
    expression,
    indices,
    string,
)


def items(spec: ast.Spec) -> list[Element]:
    """The items of a file, apart from each other as a spec without a source has them."""
    elements = [statement(item) for item in spec.items]
    for before, element in pairwise(elements):
        element.after_blank = before.kind != element.kind or _has_body(before)
    return elements


def statement(node: ast.Statement | ast.Item | ast.Entry) -> Element:
    """A statement, an item of a file or an entry of a section."""
    terminator = ";" if isinstance(node, ast.Option) else ""
    return Element(_RULES[type(node)](node), kind=type(node).__name__, terminator=terminator)


def _has_body(element: Element) -> bool:
    return isinstance(element.parts[-1], Body)


def _body(
    nodes: Sequence[ast.Statement | ast.Entry], separator: Literal[" ; ", "; ", "  "] = " ; ", stop: bool = False
) -> Body:
    return Body(Word("{", stop=stop), list(map(statement, nodes)), Word("}"), separator)


def _assigned(value: ast.Expr | None) -> Parts:
    return [] if value is None else [Word("=", stop=True), *expression(value)]


def _parameters(parameters: Sequence[ast.Parameter], always: bool = False) -> Parts:
    if not parameters and not always:
        return []
    return [brackets("(", map(_parameter, parameters), ")", may_end_in_comma=True)]


def _parameter(parameter: ast.Parameter) -> Parts:
    parts: Parts = [Word(parameter.name.text)]
    if parameter.type is not None:
        parts += [Word(":", spaced=False), Word(parameter.type.name.text)]
        if parameter.type.element is not None:
            parts.append(brackets("[", [[Word(parameter.type.element.text)]], "]", may_end_in_comma=False))
    if parameter.limits is not None:
        parts += [Word("in"), *_limits(parameter.limits)]
    if parameter.default is not None:
        parts += [Word("="), *expression(parameter.default)]
    return parts


def _limits(limits: ast.Limits) -> Parts:
    if limits.is_open:
        return [*expression(limits.values, Level.SUM, tight=True), Word("..", spaced=False)]
    return expression(limits.values, Level.RANGE)


def _import(node: ast.Import) -> Parts:
    return [Word("import"), string(node.path)]


def _network(node: ast.Network) -> Parts:
    return [Word("network"), Word(node.name.text), *_parameters(node.parameters, always=True), _body(node.body)]


def _cell(node: ast.Cell) -> Parts:
    return [Word("cell"), Word(node.name.text), *_parameters(node.parameters), _body(node.body)]


def _budget(node: ast.Budget) -> Parts:
    of_max: Parts = [Word("of"), Word("max")] if node.of_max else []
    return [Word("budget"), *_cost(node.cost), Word("<=", stop=True), *expression(node.bound), *of_max]


def _cost(cost: ast.CostReference | ast.ExternCost) -> Parts:
    if isinstance(cost, ast.ExternCost):
        return [Word("extern"), string(cost.target)]
    called: Parts = [arguments(cost.arguments)] if cost.arguments else []
    return [Word(cost.name.text), *called]


def _section(node: ast.Section) -> Parts:
    return [Word(node.name.text), _body(node.entries, "  ", stop=True)]


def _entry(node: ast.Entry) -> Parts:
    return [Word(node.key.text), *_assigned(node.value)]


def _end(node: ast.End) -> Parts:
    tensor: Parts = [Word(node.tensor.dtype.text, stop=True), indices(node.tensor.shape)]
    return [Word(node.kind), Word(node.name.text, stop=True), Word(":", spaced=False), *tensor]


def _port(node: ast.Port) -> Parts:
    return [Word(node.kind), *expression(node.node)]


def _let(node: ast.Let) -> Parts:
    return [Word("let"), Word(node.name.text), *_assigned(node.value)]


def _block(node: ast.Block) -> Parts:
    return [Word("block"), Word(node.name.text), *_parameters(node.parameters), *_assigned(node.value)]


def _extent(extent: Sequence[ast.Expr]) -> Parts:
    return [indices(extent)] if extent else []


def _node(node: ast.NodeDeclaration) -> Parts:
    return [Word("node"), Word(node.name.text), *_extent(node.extent), *_assigned(node.pipeline)]


def _gate(node: ast.GateDeclaration) -> Parts:
    return [Word("gate"), Word(node.name.text), *_extent(node.extent), *_assigned(node.init)]


def _option(node: ast.Option) -> Parts:
    return expression(node.value)


def _edge(node: ast.EdgeDeclaration) -> Parts:
    fixed: Parts = [Word("fixed")] if node.fixed else []
    source, target = expression(node.source), expression(node.target)
    ends: Parts = [Word("edge"), *source, Word("->", stop=True), *target, Word(":", stop=True)]
    if isinstance(node.module, ast.Choice):
        choice = node.module
        return [*fixed, *ends, Word("choice"), *_at(choice.gate), _body(choice.options, "; ")]
    return [*fixed, *ends, *expression(node.module), *_at(node.gate)]


def _at(gate: ast.Expr | None) -> Parts:
    return [] if gate is None else [Word("@"), *expression(gate)]


def _inner_body(nodes: Sequence[ast.Statement], stop: bool = False) -> Body:
    """The body of a loop or condition, which may stand among statements or among options."""
    return _body(nodes, "; " if _are_options(nodes) else " ; ", stop)


def _are_options(nodes: Sequence[ast.Statement]) -> bool:
    return any(
        isinstance(node, ast.Option)
        or (isinstance(node, ast.For) and _are_options(node.body))
        or (isinstance(node, ast.If) and _are_options((*node.then, *node.otherwise)))
        for node in nodes
    )


def _for(node: ast.For) -> Parts:
    parts: Parts = [Word("for")]
    for binding in node.bindings:
        parts += [Word(binding.name.text), Word("in"), *expression(binding.values), Word(",", spaced=False)]
    return [*parts[:-1], _inner_body(node.body, stop=True)]


def _if(node: ast.If) -> Parts:
    parts: Parts = [Word("if"), *expression(node.condition), _inner_body(node.then, stop=True)]
    if not node.otherwise:
        return parts
    if len(node.otherwise) == 1 and isinstance(node.otherwise[0], ast.If):
        return [*parts, Word("else"), *_if(node.otherwise[0])]
    return [*parts, Word("else"), _inner_body(node.otherwise)]


_RULES: dict[type[Any], Callable[[Any], Parts]] = {
    ast.Import: _import,
    ast.Network: _network,
    ast.Budget: _budget,
    ast.Section: _section,
    ast.Entry: _entry,
    ast.End: _end,
    ast.Port: _port,
    ast.Let: _let,
    ast.Block: _block,
    ast.Cell: _cell,
    ast.NodeDeclaration: _node,
    ast.GateDeclaration: _gate,
    ast.EdgeDeclaration: _edge,
    ast.Option: _option,
    ast.For: _for,
    ast.If: _if,
}
