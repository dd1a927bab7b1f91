"""Expressions as documents, with the parentheses that precedence demands and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum, auto
from typing import Any

from bsnc.syntax import ast
from bsnc.syntax.printing.document import Brackets, Chain, Element, Part, Word, first_word


class Level(IntEnum):
    """Precedence, loosest first: the rules of the grammar from `expr` to `atom`."""

    EXPR = auto()
    PIPE = auto()
    REPEAT = auto()
    OR = auto()
    AND = auto()
    NOT = auto()
    COMPARISON = auto()
    RANGE = auto()
    SUM = auto()
    PRODUCT = auto()
    FACTOR = auto()
    POWER = auto()
    POSTFIX = auto()


Parts = list[Part]
_BINARY = {
    "or": (Level.OR, Level.OR, Level.AND),
    "and": (Level.AND, Level.AND, Level.NOT),
    **dict.fromkeys(("<=", "==", "!=", ">=", "<", ">"), (Level.COMPARISON, Level.RANGE, Level.RANGE)),
    **dict.fromkeys("+-", (Level.SUM, Level.SUM, Level.PRODUCT)),
    **dict.fromkeys(("*", "/", "//", "%"), (Level.PRODUCT, Level.PRODUCT, Level.FACTOR)),
    "^": (Level.POWER, Level.POSTFIX, Level.FACTOR),
}
"""Operator → its own level and the least levels of its operands."""

_TIGHT = {"+", "-", "*", "/", "//"}
"""Written without blanks in indices, ranges and exponents. Not `%`: `5%` would be a number."""


def expression(expr: ast.Expr, least: Level = Level.EXPR, tight: bool = False) -> Parts:
    """An expression where the grammar admits those of a level and above; `tight`: sums without blanks."""
    level, parts = _RULES[type(expr)](expr, tight)
    if level >= least:
        return parts
    return [Brackets(Word("("), [Element(parts)], Word(")", spaced=False))]


def joined(parts: Parts) -> Parts:
    """Without a blank before."""
    first_word(parts).spaced = False
    return parts


def brackets(opening: str, items: Iterable[Parts], closing: str, may_end_in_comma: bool) -> Brackets:
    """Items in brackets right behind what stands before them."""
    elements = [Element(item) for item in items]
    return Brackets(Word(opening, spaced=False), elements, Word(closing, spaced=False), may_end_in_comma)


def indices(values: Iterable[ast.Expr]) -> Brackets:
    return brackets("[", (expression(v, tight=True) for v in values), "]", may_end_in_comma=False)


def arguments(values: Iterable[ast.Argument]) -> Brackets:
    return brackets("(", map(_argument, values), ")", may_end_in_comma=True)


def string(value: ast.String) -> Word:
    return Word(f'"{value.value}"')


def _argument(argument: ast.Argument) -> Parts:
    if argument.name is None:
        return expression(argument.value)
    return [Word(argument.name.text), Word("="), *expression(argument.value)]


Rule = Callable[[Any, bool], tuple[Level, Parts]]


def _word(text: Callable[[Any], str]) -> Rule:
    return lambda expr, tight: (Level.POSTFIX, [Word(text(expr))])  # noqa: ARG005


def _number(expr: ast.Number, tight: bool) -> tuple[Level, Parts]:  # noqa: ARG001
    return Level.POSTFIX, [Word(f"{expr.value!r}{expr.unit}", is_number=True)]


def _list(expr: ast.ListLiteral, tight: bool) -> tuple[Level, Parts]:
    items = brackets("[", (expression(item, tight=tight) for item in expr.items), "]", may_end_in_comma=True)
    items.opening.spaced = True
    return Level.POSTFIX, [items]


def _unary(expr: ast.Unary, tight: bool) -> tuple[Level, Parts]:
    if expr.operator == "not":
        return Level.NOT, [Word("not"), *expression(expr.operand, Level.NOT, tight)]
    return Level.FACTOR, [Word("-"), *joined(expression(expr.operand, Level.FACTOR, tight))]


def _binary(expr: ast.Binary, tight: bool) -> tuple[Level, Parts]:
    level, least_left, least_right = _BINARY[expr.operator]
    is_tight = expr.operator == "^" or (tight and expr.operator in _TIGHT)
    tight = tight or expr.operator == "^"
    left = expression(expr.left, least_left, tight)
    right = expression(expr.right, least_right, tight)
    first_word(right).spaced = not is_tight
    return level, [*left, Word(expr.operator, spaced=not is_tight), *right]


def _range(expr: ast.Range, tight: bool) -> tuple[Level, Parts]:  # noqa: ARG001
    start, stop = (expression(end, Level.SUM, tight=True) for end in (expr.start, expr.stop))
    return Level.RANGE, [*start, Word("..", spaced=False), *joined(stop)]


def _conditional(expr: ast.Conditional, tight: bool) -> tuple[Level, Parts]:
    """Breaks after `else`, never before `if`: an `if` that begins a line would begin a statement."""
    then = expression(expr.then, Level.PIPE, tight)
    condition = expression(expr.condition, Level.OR, tight)
    otherwise = expression(expr.otherwise, Level.EXPR, tight)
    first = Element([*then, Word("if"), *condition, Word("else")])
    match otherwise:
        case [Chain() as chain] if isinstance(expr.otherwise, ast.Conditional):
            return Level.EXPR, [Chain([first, *chain.links])]
        case _:
            return Level.EXPR, [Chain([first, Element(otherwise)])]


def _pipe(expr: ast.Pipe, tight: bool) -> tuple[Level, Parts]:
    first, *others = (expression(stage, Level.REPEAT, tight) for stage in expr.stages)
    return Level.PIPE, [Chain([Element(first), *(Element([Word("|"), *stage]) for stage in others)])]


def _repeat(expr: ast.Repeat, tight: bool) -> tuple[Level, Parts]:
    module, count = (expression(part, Level.OR, tight) for part in (expr.module, expr.count))
    return Level.REPEAT, [*module, Word("repeat"), *count]


def _index(expr: ast.Index, tight: bool) -> tuple[Level, Parts]:
    return Level.POSTFIX, [*expression(expr.value, Level.POSTFIX, tight), indices(expr.indices)]


def _call(expr: ast.Call, tight: bool) -> tuple[Level, Parts]:  # noqa: ARG001
    return Level.POSTFIX, [Word(expr.name.text), arguments(expr.arguments)]


def _extern(expr: ast.Extern, tight: bool) -> tuple[Level, Parts]:  # noqa: ARG001
    parts: Parts = [Word("extern"), string(expr.target), arguments(expr.arguments)]
    if expr.declared:
        declared = arguments(expr.declared)
        declared.opening.spaced = True
        parts += [Word("with"), declared]
    return Level.POSTFIX, parts


_RULES: dict[type[Any], Rule] = {
    ast.Number: _number,
    ast.String: _word(lambda expr: f'"{expr.value}"'),
    ast.Boolean: _word(lambda expr: "true" if expr.value else "false"),
    ast.Name: _word(lambda expr: expr.text),
    ast.ListLiteral: _list,
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Range: _range,
    ast.Conditional: _conditional,
    ast.Pipe: _pipe,
    ast.Repeat: _repeat,
    ast.Index: _index,
    ast.Call: _call,
    ast.Extern: _extern,
}
