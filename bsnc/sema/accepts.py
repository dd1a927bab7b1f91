"""What the key of a section accepts, in words: made from the annotations of its pydantic model."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bsnc.ir import SECTIONS, ExternData, ExternTeacher

_BOUNDS = (("gt", "above {}"), ("ge", "of at least {}"), ("lt", "below {}"), ("le", "of at most {}"))
_OWN = (ExternData, ExternTeacher)
"""Written as `extern`."""
_SCALARS: dict[object, str] = {float: "a number", int: "an int", str: "a string", bool: "`true` or `false`"}


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a section or the arguments of a kind, as a spec spells them, in order."""
    return [field.alias or name for name, field in model.model_fields.items() if name != "kind"]


def field_of(model: type[BaseModel], key: str) -> FieldInfo:
    return next(field for name, field in model.model_fields.items() if key in (field.alias, name))


def in_words(field: FieldInfo) -> str:
    """`an int of at least 1`, `` `sgd(…)` ``, `a list of `crop(…)` or `flip``."""
    return _words(field.annotation, field.metadata)


def is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def names_in(field: FieldInfo) -> list[str]:
    """The names that may stand there: symbols and kinds."""
    return _names(field.annotation)


def usage(model: type[BaseModel]) -> str:
    """How a kind is written, defaults shown: `step(at, by = 0.1)`."""
    parts: list[str] = []
    for key in keys_of(model):
        field = field_of(model, key)
        parts.append(key if field.is_required() else f"{key} = {_default(field)}")
    return f"{_kind(model)}({', '.join(parts)})"


def _default(field: FieldInfo) -> str:
    if isinstance(field.default, BaseModel):
        return _kind(type(field.default))
    return "…" if field.default is None else str(field.default).lower()


def _words(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(arguments[0], [m for a in arguments[1:] for m in getattr(a, "metadata", ())])
    if origin is Literal:
        return _any_of([f"`{value}`" for value in arguments])
    if origin in (Union, UnionType):
        return _any_of([_words(argument) for argument in arguments if argument is not NoneType])
    if origin is tuple:
        return f"a list{_length(metadata)}, each item {_words(arguments[0])}"
    if annotation in _OWN:
        return '`extern "…"(…)`'
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"`{_kind(annotation)}(…)`" if keys_of(annotation) else f"`{_kind(annotation)}`"
    limits = {b: f"{getattr(m, b):g}" for b, _ in _BOUNDS for m in metadata if hasattr(m, b)}
    if limits.keys() == {"ge", "le"}:
        return f"{_SCALARS[annotation]} from {limits['ge']} to {limits['le']}"
    bounds = [words.format(limits[bound]) for bound, words in _BOUNDS if bound in limits]
    return " ".join([_SCALARS[annotation], " and ".join(bounds)]).rstrip()


def _length(metadata: Sequence[Any]) -> str:
    least = next((m.min_length for m in metadata if hasattr(m, "min_length")), None)
    most = next((m.max_length for m in metadata if hasattr(m, "max_length")), None)
    if least is None:
        return ""
    return f" of {least}" if least == most else f" of at least {least}"


def _any_of(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _names(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [_kind(annotation)]
    return [name for part in get_args(annotation) for name in _names(part)]


def _kind(model: type[BaseModel]) -> str:
    return str(model.model_fields["kind"].default)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = [m for field in annotation.model_fields.values() for m in _models(field.annotation)]
        return [annotation, *inner]
    return [model for part in get_args(annotation) for model in _models(part)]


KINDS: dict[str, type[BaseModel]] = {
    _kind(model): model
    for section in SECTIONS.values()
    for model in _models(section)
    if "kind" in model.model_fields and model not in _OWN
}
"""Everything that a section may call: `sgd`, `one_cycle`, `crop`, …"""
