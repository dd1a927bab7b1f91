"""Sections `search`, `train`, `data`: expressions → validated pydantic models, errors at the key or value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ir import SECTIONS, Frozen
from bsnc.sema.evaluate import Evaluator
from bsnc.sema.values import Quantity, Scope, describe, is_number
from bsnc.syntax import ast

Location = tuple[int | str, ...]


def section_of(name: str, entries: Sequence[ast.Entry]) -> Frozen:
    """The section with these entries, defaults elsewhere. Raises Diagnosed with every mistake in it."""
    return _Section(SECTIONS[name], name, entries).build()


class _Section:
    def __init__(self, model: type[Frozen], name: str, entries: Sequence[ast.Entry]) -> None:
        self.model = model
        self.name = name
        self.entries = entries
        self.spans: dict[Location, SourceSpan] = {}
        self.mistakes: list[Diagnostic] = []

    def build(self) -> Frozen:
        keys = _field_keys(self.model)
        data: dict[str, Any] = {}
        first: dict[str, ast.Entry] = {}
        for entry in self.entries:
            key = entry.key.text
            if key not in keys:
                suggestion = did_you_mean(key, keys)
                self._mistake("BSN210", f"section `{self.name}` has no key `{key}`", entry.key.span, suggestion)
            elif key in first:
                label = Label(first[key].span, "first given here")
                message = f"`{key}` is given twice"
                self.mistakes.append(Diagnostic("BSN210", message, entry.key.span, labels=(label,)))
            else:
                first[key] = entry
                self._convert_entry(entry, key, data)
        return self._validate(data)

    def _convert_entry(self, entry: ast.Entry, key: str, data: dict[str, Any]) -> None:
        try:
            data[key] = self._plain(entry.value, (key,))
        except Diagnosed as mistake:
            self.mistakes += mistake.diagnostics

    def _validate(self, data: dict[str, Any]) -> Frozen:
        try:
            section = self.model.model_validate(data)
        except ValidationError as error:
            self.mistakes += [self._from_pydantic(e) for e in error.errors(include_url=False)]
            raise Diagnosed(*self.mistakes) from None
        if self.mistakes:
            raise Diagnosed(*self.mistakes)
        return section

    def _mistake(self, code: str, message: str, span: SourceSpan, help: str | None) -> None:
        self.mistakes.append(Diagnostic(code, message, span, help=help))

    def _plain(self, expr: ast.Expr, location: Location) -> Any:
        """The value as plain data: names are symbols, calls are dicts with the name as `kind`."""
        self.spans[location] = expr.span
        match expr:
            case ast.Name():
                return self._kind_or_symbol(expr.text)
            case ast.Call():
                return self._call(expr, location)
            case ast.ListLiteral():
                return [self._plain(item, (*location, i)) for i, item in enumerate(expr.items)]
            case _:
                return self._number(expr)

    def _kind_or_symbol(self, name: str) -> Any:
        return {"kind": name} if name in _KINDS else name

    def _call(self, call: ast.Call, location: Location) -> Any:
        kind = call.name.text
        model = _KINDS.get(kind)
        if model is None:
            raise Diagnosed(
                Diagnostic(
                    "BSN211",
                    f"nothing is called `{kind}` here",
                    call.name.span,
                    help=did_you_mean(kind, _KINDS),
                )
            )
        fields = [key for key in _field_keys(model) if key != "kind"]
        data: dict[str, Any] = {"kind": kind}
        for position, argument in enumerate(call.arguments):
            key = argument.name.text if argument.name else fields[position] if position < len(fields) else None
            if key is None or key not in fields:
                message = (
                    f"`{kind}` has no argument `{key}`" if key else f"`{kind}` takes at most {len(fields)} arguments"
                )
                span = argument.name.span if argument.name else argument.span
                raise Diagnosed(Diagnostic("BSN205", message, span, help=did_you_mean(key or "", fields)))
            if key in data:
                raise Diagnosed(Diagnostic("BSN205", f"`{kind}` is given `{key}` twice", argument.span))
            data[key] = self._plain(argument.value, (*location, key))
        return data

    def _number(self, expr: ast.Expr) -> Any:
        value = Evaluator().value(expr, Scope())
        if isinstance(value, Quantity) and value.dimension == "share":
            return value.value
        if isinstance(value, (bool, str)) or is_number(value):
            return value
        raise Diagnosed(Diagnostic("BSN207", f"this cannot be {describe(value)}", expr.span))

    def _from_pydantic(self, error: ErrorDetails) -> Diagnostic:
        location: Location = tuple(error["loc"])
        path = tuple(part for part in location if part not in _KINDS and not _is_branch(part))
        while path and path not in self.spans:
            path = path[:-1]
        span = self.spans.get(path)
        key = f"`{path[0]}`" if path else f"section `{self.name}`"
        if error["type"] == "missing":
            return Diagnostic("BSN204", f"argument `{location[-1]}` is missing", span)
        if error["type"] in ("literal_error", "union_tag_invalid", "model_type", "union_tag_not_found"):
            message = f"`{span.text if span else ''}` is no value of {key}"
            return Diagnostic("BSN211", message, span, help=self._accepted(path, span))
        reason = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        return Diagnostic("BSN211", f"{key} should be {reason}", span)

    def _accepted(self, path: Location, span: SourceSpan | None) -> str | None:
        """What a key accepts by name, for the help line."""
        field = next((f for k, f in _field_items(self.model) if path and k == path[0]), None)
        if field is None or span is None:
            return None
        names = _names_in(field)
        written = span.text.split("(")[0]
        return did_you_mean(written, names)


def _field_items(model: type[BaseModel]) -> list[tuple[str, Any]]:
    items: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        items.append((field.alias or name, (field.annotation, *field.metadata)))
    return items


def _field_keys(model: type[BaseModel]) -> list[str]:
    return [key for key, _ in _field_items(model)]


def _is_branch(part: int | str) -> bool:
    """Pydantic names the branch of a union in error locations: `literal['auto']`, `constrained-float`."""
    return isinstance(part, str) and (part.startswith(("literal[", "constrained-")) or part in ("float", "int"))


def _names_in(annotation: Any) -> list[str]:
    """Literals and kinds that occur in an annotation."""
    if isinstance(annotation, str):
        return [annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation.model_fields["kind"].default] if "kind" in annotation.model_fields else []
    parts = annotation if isinstance(annotation, tuple) else get_args(annotation)  # pyright: ignore[reportUnknownVariableType]
    return [name for part in parts for name in _names_in(part)]  # pyright: ignore[reportUnknownVariableType]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = [m for _, field in _field_items(annotation) for m in _models_in(field)]
        return [annotation, *inner]
    parts = annotation if isinstance(annotation, tuple) else get_args(annotation)  # pyright: ignore[reportUnknownVariableType]
    return [model for part in parts for model in _models_in(part)]  # pyright: ignore[reportUnknownVariableType]


_KINDS: dict[str, type[BaseModel]] = {
    model.model_fields["kind"].default: model
    for section in SECTIONS.values()
    for model in _models_in(section)
    if "kind" in model.model_fields
}
"""Everything that a section may call: `sgd`, `one_cycle`, `crop`, …"""
