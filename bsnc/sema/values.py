"""What expressions of a spec evaluate to, and how those values are named in messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeGuard

from bsnc.diagnostics import SourceSpan
from bsnc.ops import Scalar
from bsnc.syntax import ast


@dataclass(frozen=True)
class Quantity:
    """A number with a dimension other than a plain count: bytes, seconds, or a share (`95%`)."""

    value: float
    dimension: Literal["bytes", "seconds", "share"]


@dataclass(frozen=True)
class NodeRef:
    """One node of the network."""

    name: str


@dataclass(frozen=True)
class NodeArray:
    """A declared array of nodes, to be indexed."""

    name: str
    extent: tuple[int, ...]


@dataclass(frozen=True)
class Stage:
    """One op of a module, its arguments bound; the span is that of the op in the spec."""

    op: str
    arguments: dict[str, Scalar]
    span: SourceSpan = field(repr=False, compare=False)


@dataclass(frozen=True)
class Module:
    """A chain of ops: what an edge carries."""

    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class BlockValue:
    """A declared block with the scope in which it was declared."""

    declaration: ast.Block
    scope: Scope


class Poison:
    """The value of a name whose declaration had an error: using it is silent, so that one mistake is one error."""


POISON = Poison()

Value = int | float | bool | str | Quantity | NodeRef | NodeArray | Module | BlockValue | range | list[Any] | Poison


@dataclass
class Binding:
    """A visible name: its value and where it was declared."""

    value: Value
    span: SourceSpan


class Scope:
    """Names visible at a place: its own and those of the enclosing scopes."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.names: dict[str, Binding] = {}

    def lookup(self, name: str) -> Binding | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def visible(self) -> list[str]:
        """Every visible name, for suggestions."""
        inherited = self.parent.visible() if self.parent else []
        return [*inherited, *self.names]


def is_number(value: Value) -> TypeGuard[int | float]:
    """A plain number; truth values are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_int(value: Value) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


_TYPE_WORDS: tuple[tuple[type, str], ...] = (
    (bool, "a truth value"),
    (int, "an int"),
    (float, "a float"),
    (str, "a string"),
    (NodeRef, "a node"),
    (NodeArray, "an array of nodes"),
    (Module, "a module"),
    (BlockValue, "a block"),
    (range, "a range"),
    (list, "a list"),
)


def describe(value: Value) -> str:
    """The type of a value in words, with the value where it is short: `the string "a"`, `an int (3)`."""
    if isinstance(value, Quantity):
        return {"bytes": "a number of bytes", "seconds": "a duration", "share": "a percentage"}[value.dimension]
    return next(words for type_, words in _TYPE_WORDS if isinstance(value, type_))
