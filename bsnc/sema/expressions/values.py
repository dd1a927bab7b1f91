"""What expressions of a spec evaluate to, and how those values are named in messages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeGuard

from bsnc.diagnostics import SourceSpan
from bsnc.ops import Scalar, Shape
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
class Initial:
    """The probability at which a declared gate starts, and where that is written."""

    probability: float
    span: SourceSpan = field(repr=False, compare=False)


@dataclass(frozen=True)
class GateRef:
    """One declared gate."""

    name: str
    init: Initial | None = None


@dataclass(frozen=True)
class GateArray:
    """A declared array of gates, to be indexed."""

    name: str
    extent: tuple[int, ...]
    init: Initial | None = None


@dataclass(frozen=True)
class ExternCall:
    """A class of the user's own as `package.module:Class`, its arguments, and what `with` declares of it."""

    target: str
    given: Mapping[str, object]
    shape: Shape | None
    multiply_adds: int | None
    parameters: int | None


@dataclass(frozen=True)
class Stage:
    """One op of a module, its arguments bound; the span is that of the op in the spec.

    With `extern` the arguments are still to be completed, for the shape of the input.
    """

    op: str
    arguments: dict[str, Scalar]
    span: SourceSpan = field(repr=False, compare=False)
    extern: ExternCall | None = None


@dataclass(frozen=True)
class CellUse:
    """A cell with its arguments, as a stage of a module."""

    cell: CellValue
    given: Mapping[str, Binding]
    span: SourceSpan = field(repr=False, compare=False)


@dataclass(frozen=True)
class Module:
    """A chain of ops and cells: what an edge carries."""

    stages: tuple[Stage | CellUse, ...]


@dataclass(frozen=True)
class BlockValue:
    """A declared block with the scope in which it was declared."""

    declaration: ast.Block
    scope: Scope


@dataclass(frozen=True)
class CellValue:
    """A declared cell with the scope in which it was declared."""

    declaration: ast.Cell
    scope: Scope


class Poison:
    """The value of a name whose declaration had an error: using it is silent, so that one mistake is one error."""


POISON = Poison()

Value = (
    int
    | float
    | bool
    | str
    | Quantity
    | NodeRef
    | NodeArray
    | GateRef
    | GateArray
    | Module
    | BlockValue
    | CellValue
    | range
    | list[Any]
    | Poison
)


@dataclass
class Binding:
    """A visible name: its value, where it was declared, and what a label at that place says."""

    value: Value
    span: SourceSpan
    label: str = "declared here"
    number: int = 0
    """How many names its scope held before it."""


class Scope:
    """Names visible at a place: its own and those of the enclosing scopes."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self._names: dict[str, Binding] = {}
        self._size: float = math.inf

    def until_now(self) -> Scope:
        """The scope as it is: names that are declared in it later stay invisible in what is returned."""
        view = Scope(self.parent)
        view._names = self._names
        view._size = min(self._size, len(self._names))
        return view

    def declare(self, name: str, value: Value, span: SourceSpan, label: str = "declared here") -> None:
        self._names[name] = Binding(value, span, label, len(self._names))

    def lookup(self, name: str) -> Binding | None:
        scope: Scope | None = self
        while scope is not None:
            binding = scope._names.get(name)
            if binding is not None and binding.number < scope._size:
                return binding
            scope = scope.parent
        return None

    def own(self) -> list[Binding]:
        """What this scope itself declares."""
        return [binding for binding in self._names.values() if binding.number < self._size]

    def named(self) -> list[tuple[str, Binding]]:
        """What this scope itself declares, by name."""
        return [(name, binding) for name, binding in self._names.items() if binding.number < self._size]

    def visible(self) -> list[str]:
        """Every visible name, for suggestions."""
        found: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            found += [name for name, binding in scope._names.items() if binding.number < scope._size]
            scope = scope.parent
        return found


def is_number(value: Value) -> TypeGuard[int | float]:
    """A plain number; truth values are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_int(value: Value) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


_TYPE_WORDS: tuple[tuple[type, str], ...] = (
    (Module, "a module"),
    (BlockValue, "a block"),
    (CellValue, "a cell"),
    (range, "a range"),
    (list, "a list"),
)


def describe(value: Value) -> str:
    """The type of a value in words, and the value where it is short: `the string "a"`, `the int 3`."""
    if isinstance(value, Quantity):
        return {"bytes": "a number of bytes", "seconds": "a duration", "share": "a percentage"}[value.dimension]
    if isinstance(value, NodeArray):
        return f"the array of nodes `{value.name}`"
    if isinstance(value, GateArray):
        return f"the array of gates `{value.name}`"
    if isinstance(value, GateRef):
        return f"the gate `{value.name}`"
    for type_, word in ((bool, ""), (int, "int "), (float, "float "), (str, "string "), (NodeRef, "node ")):
        if isinstance(value, type_):
            return f"`{show(value)}`" if type_ is bool else f"the {word}{show(value)}"
    return next(words for type_, words in _TYPE_WORDS if isinstance(value, type_))


def show(value: Value) -> str:
    """A value as a reader would write it; long ones are cut, whatever they hold."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:40]}…"'
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, NodeRef):
        return f"`{value.name}`"
    if isinstance(value, range):
        return f"{value.start}..{value.stop}"
    if isinstance(value, list):
        shown = [show(item) if not isinstance(item, list) else "[…]" for item in value[:4]]
        return f"[{', '.join(shown)}{', …' if len(value) > 4 else ''}]"
    return str(value) if isinstance(value, int) else describe(value)
