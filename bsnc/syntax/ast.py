"""The abstract syntax of a spec: frozen, with a span on every node; spans do not take part in equality."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bsnc.diagnostics import SourceSpan


@dataclass(frozen=True, kw_only=True)
class Syntax:
    """Base of every syntax node."""

    span: SourceSpan = field(repr=False, compare=False)


@dataclass(frozen=True)
class Identifier(Syntax):
    """A declared or used name, with its own span."""

    text: str


# ---- expressions ----


@dataclass(frozen=True)
class Number(Syntax):
    """A literal as written: the value of the digits and the unit behind them, not yet multiplied."""

    value: int | float
    unit: str = ""


@dataclass(frozen=True)
class String(Syntax):
    value: str


@dataclass(frozen=True)
class Boolean(Syntax):
    value: bool


@dataclass(frozen=True)
class Name(Syntax):
    text: str


@dataclass(frozen=True)
class ListLiteral(Syntax):
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Unary(Syntax):
    operator: Literal["-", "not"]
    operand: Expr


@dataclass(frozen=True)
class Binary(Syntax):
    """Arithmetic, comparison, `and`, `or`."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Range(Syntax):
    """`start..stop`, the stop excluded."""

    start: Expr
    stop: Expr


@dataclass(frozen=True)
class Conditional(Syntax):
    """`then if condition else otherwise`."""

    then: Expr
    condition: Expr
    otherwise: Expr


@dataclass(frozen=True)
class Pipe(Syntax):
    """`first | second | …`: each stage is applied to what the one before delivers."""

    stages: tuple[Expr, ...]


@dataclass(frozen=True)
class Index(Syntax):
    value: Expr
    indices: tuple[Expr, ...]


@dataclass(frozen=True)
class Argument(Syntax):
    name: Identifier | None
    value: Expr


@dataclass(frozen=True)
class Call(Syntax):
    name: Identifier
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Repeat(Syntax):
    """`module repeat count`: the module, `count` times in a row."""

    module: Expr
    count: Expr


@dataclass(frozen=True)
class Extern(Syntax):
    """`extern "package.module:Class"(arguments) with (declared)`: a module of the user's own."""

    target: String
    arguments: tuple[Argument, ...]
    declared: tuple[Argument, ...]


Expr = (
    Number
    | String
    | Boolean
    | Name
    | ListLiteral
    | Unary
    | Binary
    | Range
    | Conditional
    | Pipe
    | Repeat
    | Index
    | Call
    | Extern
)


# ---- parameters ----


@dataclass(frozen=True)
class ParameterType(Syntax):
    """`int`, or `list[int]` with an element."""

    name: Identifier
    element: Identifier | None


@dataclass(frozen=True)
class Limits(Syntax):
    """`in values`: a range or a list that holds the value; with `is_open`, `in start..` without an end."""

    values: Expr
    is_open: bool


@dataclass(frozen=True)
class Parameter(Syntax):
    """Of a network, where the type is always given, a block or a cell."""

    name: Identifier
    type: ParameterType | None
    limits: Limits | None
    default: Expr | None


# ---- statements of networks and cells ----


@dataclass(frozen=True)
class TensorType(Syntax):
    """`float[3, 32, 32]`: element type and shape of one example."""

    dtype: Identifier
    shape: tuple[Expr, ...]


@dataclass(frozen=True)
class End(Syntax):
    """`input image: float[3, 32, 32]` of a network: declares the node."""

    kind: Literal["input", "output"]
    name: Identifier
    tensor: TensorType


@dataclass(frozen=True)
class Port(Syntax):
    """`input v[0]` of a cell: says which of its nodes."""

    kind: Literal["input", "output"]
    node: Expr


@dataclass(frozen=True)
class Let(Syntax):
    name: Identifier
    value: Expr


@dataclass(frozen=True)
class Block(Syntax):
    """A named module, possibly with parameters."""

    name: Identifier
    parameters: tuple[Parameter, ...]
    value: Expr


@dataclass(frozen=True)
class Cell(Syntax):
    """A sub-network with nodes of its own, to stand where a module may."""

    name: Identifier
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class NodeDeclaration(Syntax):
    """A node, or with an extent an array of nodes."""

    name: Identifier
    extent: tuple[Expr, ...]
    pipeline: Expr | None


@dataclass(frozen=True)
class GateDeclaration(Syntax):
    """A gate that edges may share, or with an extent an array of them; `init` is the probability at which each
    starts."""

    name: Identifier
    extent: tuple[Expr, ...]
    init: Expr | None


@dataclass(frozen=True)
class Option(Syntax):
    """One module of a choice; the name `none` stands for no module."""

    value: Expr


@dataclass(frozen=True)
class Choice(Syntax):
    """`choice @ gate { option; … }`: the statements in it are options, and loops and conditions around them."""

    gate: Expr | None
    options: tuple[Statement, ...]


@dataclass(frozen=True)
class EdgeDeclaration(Syntax):
    fixed: bool
    source: Expr
    target: Expr
    module: Expr | Choice
    gate: Expr | None
    """The gate of a module; a choice names its own."""


@dataclass(frozen=True)
class Binding(Syntax):
    """`name in values` of a `for`."""

    name: Identifier
    values: Expr


@dataclass(frozen=True)
class For(Syntax):
    bindings: tuple[Binding, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class If(Syntax):
    condition: Expr
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


Statement = End | Port | Let | Block | Cell | NodeDeclaration | GateDeclaration | EdgeDeclaration | Option | For | If


# ---- items of a file ----


@dataclass(frozen=True)
class Import(Syntax):
    """`import "file.bsn"`: lets, blocks, cells and networks of another file."""

    path: String


@dataclass(frozen=True)
class Network(Syntax):
    name: Identifier
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class CostReference(Syntax):
    """The cost of a budget, with its arguments: `flops(count = veniat2018)`."""

    name: Identifier
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class ExternCost(Syntax):
    """`extern "package.module:function"`: a cost of the user's own."""

    target: String


@dataclass(frozen=True)
class Budget(Syntax):
    """`cost <= bound`, or with `of_max` a share of the cost of the whole S-network."""

    cost: CostReference | ExternCost
    bound: Expr
    of_max: bool


@dataclass(frozen=True)
class Entry(Syntax):
    key: Identifier
    value: Expr


@dataclass(frozen=True)
class Section(Syntax):
    """`search`, `train` or `data`."""

    name: Identifier
    entries: tuple[Entry, ...]


Item = Import | Let | Block | Cell | Network | Budget | Section


@dataclass(frozen=True)
class Spec(Syntax):
    items: tuple[Item, ...]
