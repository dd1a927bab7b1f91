"""Parameters of ops and the values that they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from bsnc.ops.shapes import Shape, ShapeError

Scalar = int | float | bool | str | tuple[int, ...]
"""The value of one argument: a number, a truth value, the name of a choice, or a size per spatial dimension."""
Arguments = Mapping[str, Scalar]


@dataclass(frozen=True)
class OpParameter:
    """A typed parameter; without a default it is required. Bounds are inclusive.

    A `text` is any string, a `choice` one of the names in `choices`. A `size` is an int for all spatial dimensions, or
    an int for each.
    """

    name: str
    type: Literal["int", "float", "bool", "text", "choice", "size"]
    default: Scalar | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        return self.default is None

    @property
    def bounds_text(self) -> str:
        """`at least 0 and at most 1`; empty where anything is accepted."""
        named = (("at least", self.minimum), ("at most", self.maximum))
        return " and ".join(f"{words} {bound:g}" for words, bound in named if bound is not None)

    def has_type(self, value: object) -> bool:
        """Whether the value is of the parameter's type; a whole number is a float too."""
        if self.type in ("bool", "choice", "text"):
            return isinstance(value, bool if self.type == "bool" else str)
        if self.type == "size" and isinstance(value, tuple):
            items = cast(tuple[object, ...], value)
            return bool(items) and all(_is_int(item) for item in items)
        return _is_int(value) or (self.type == "float" and isinstance(value, float))

    def in_range(self, value: Scalar) -> bool:
        """Whether a value of the parameter's type is one of its choices or within its bounds."""
        if isinstance(value, str):
            return self.type == "text" or value in self.choices
        numbers = value if isinstance(value, tuple) else (value,)
        low = self.minimum is None or all(number >= self.minimum for number in numbers)
        return low and (self.maximum is None or all(number <= self.maximum for number in numbers))


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def size_parameter(name: str, default: int | None = None) -> OpParameter:
    """A `size` of at least 1."""
    return OpParameter(name, "size", default=default, minimum=1)


def integer(arguments: Arguments, name: str) -> int:
    """The value of an `int` parameter."""
    value = arguments[name]
    assert isinstance(value, int)
    return value


def sizes(arguments: Arguments, name: str, rank: int) -> Shape:
    """The value of a `size` parameter, for each of `rank` spatial dimensions. Raises ShapeError."""
    value = arguments[name]
    if isinstance(value, int):
        return (value,) * rank
    assert isinstance(value, tuple)
    if len(value) != rank:
        dimensions = "1 spatial dimension" if rank == 1 else f"{rank} spatial dimensions"
        raise ShapeError(f"has {len(value)} items in `{name}`, but an input with {dimensions}")
    return value


def argument_text(value: Scalar) -> str:
    """A value as a spec writes it: `true`, `[1, 7]`, `bilinear`, `0.5`."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)
