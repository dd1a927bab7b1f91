"""Sections `search`, `train`, `data`: expressions → validated pydantic models, errors at the key or value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bsnc.diagnostics import Diagnosed, Diagnostic, Label, SourceSpan, did_you_mean
from bsnc.ir import SECTIONS, ExternData, ExternTeacher, Frozen
from bsnc.sema.accepts import KINDS, field_of, in_words, is_list, keys_of, names_in, usage
from bsnc.sema.elaboration.raw import one_line
from bsnc.sema.expressions.bind import bind_arguments
from bsnc.sema.expressions.evaluate import Evaluator
from bsnc.sema.expressions.extern import extern_function
from bsnc.sema.expressions.together import together
from bsnc.sema.expressions.values import Quantity, Scope, describe, is_number
from bsnc.syntax import ast

Location = tuple[int | str, ...]
MAX_ITEMS = 10_000
_WRONG_KIND = ("union_tag_invalid", "union_tag_not_found", "model_type", "model_attributes_type")

OWN: dict[Location, tuple[type[Frozen], str, str]] = {
    ("source",): (ExternData, "data", 'source = extern "readers:spectra"(part = 3)'),
    ("distill", "teacher"): (ExternTeacher, "a teacher", 'distill(extern "models:resnet"(depth = 18))'),
}
"""Where `extern` may stand: its model, what it is, an example."""


def section_of(name: str, entries: Sequence[ast.Entry], allow_extern: bool = False) -> Frozen:
    """The section with these entries, defaults elsewhere; data of the user's own code where that is allowed.

    Raises Diagnosed with every mistake in it.
    """
    return _Section(SECTIONS[name], name, entries, allow_extern).build()


def outside_of_network(mistake: Diagnosed) -> Diagnosed:
    """The same mistakes; where a name is unknown, a word on why the network's names are not visible."""
    help_text = "sections and budgets do not see the names of the network"
    return Diagnosed(*(replace(d, help=d.help or help_text) if d.code == "BSN201" else d for d in mistake.diagnostics))


class _Section:
    """Turns entries into plain data, remembering the place of every part, and lets pydantic judge the whole."""

    def __init__(self, model: type[Frozen], name: str, entries: Sequence[ast.Entry], allow_extern: bool) -> None:
        self.evaluator = Evaluator(allow_extern)
        self.model = model
        self.name = name
        self.entries = entries
        self.spans: dict[Location, SourceSpan] = {}
        self.models: dict[Location, type[BaseModel]] = {(): model}
        self.mistakes: list[Diagnostic] = []

    def build(self) -> Frozen:
        data: dict[str, Any] = {}
        first: dict[str, ast.Entry] = {}
        for entry in self.entries:
            if self._is_new_key(entry, first):
                first[entry.key.text] = entry
                self._convert_entry(entry, data)
        return self._validate(data)

    def _is_new_key(self, entry: ast.Entry, first: dict[str, ast.Entry]) -> bool:
        key, keys = entry.key.text, keys_of(self.model)
        if key not in keys:
            message = f"section `{self.name}` has no key `{key}`"
            help_text = did_you_mean(key, keys)
            self.mistakes.append(Diagnostic("BSN210", message, entry.key.span, help=help_text))
        elif key in first:
            label = Label(first[key].span, "first given here")
            self.mistakes.append(Diagnostic("BSN210", f"`{key}` is given twice", entry.key.span, labels=(label,)))
        return key in keys and key not in first

    def _convert_entry(self, entry: ast.Entry, data: dict[str, Any]) -> None:
        key = entry.key.text
        try:
            data[key] = self._plain(entry.value, (key,))
        except Diagnosed as mistake:
            self.mistakes += outside_of_network(mistake).diagnostics

    def _validate(self, data: dict[str, Any]) -> Frozen:
        section = None
        try:
            section = self.model.model_validate(data, strict=True)
        except ValidationError as error:
            self.mistakes += self._from_pydantic(error.errors(include_url=False))
        if self.mistakes:
            raise Diagnosed(*self.mistakes)
        assert section is not None
        return section

    # ---- expressions to plain data ----

    def _plain(self, expr: ast.Expr, location: Location) -> Any:
        """The value as plain data: names are symbols, calls are dicts with the name as `kind`."""
        self.spans[location] = expr.span
        match expr:
            case ast.Name():
                return self._kind(expr.text, location) if expr.text in KINDS else expr.text
            case ast.Call():
                return self._call(expr, location)
            case ast.Extern() if location in OWN:
                self.models[location], what, example = OWN[location]
                function, arguments = extern_function(self.evaluator, expr, what, example)
                return {"kind": "extern", "function": function, "arguments": arguments}
            case ast.ListLiteral():
                items = [partial(self._plain, item, (*location, i)) for i, item in enumerate(expr.items)]
                return tuple(together(items))
            case _:
                return self._value(expr, location)

    def _kind(self, name: str, location: Location) -> dict[str, Any]:
        self.models[location] = KINDS[name]
        return {"kind": name}

    def _call(self, call: ast.Call, location: Location) -> dict[str, Any]:
        name = call.name.text
        if name not in KINDS:
            return {"kind": name}
        data = self._kind(name, location)
        arguments = bind_arguments(f"`{name}`", keys_of(KINDS[name]), call.arguments)
        values = together([partial(self._plain, a.value, (*location, key)) for key, a in arguments.items()])
        return {**data, **dict(zip(arguments, values, strict=True))}

    def _value(self, expr: ast.Expr, location: Location) -> Any:
        value = self.evaluator.value(expr, Scope())
        if isinstance(value, Quantity) and value.dimension == "share":
            return value.value
        if isinstance(value, (bool, str)) or is_number(value):
            return value
        if isinstance(value, (list, range)) and len(value) <= MAX_ITEMS:
            return tuple(value)
        code = "BSN207" if isinstance(value, Quantity) else "BSN211"
        raise Diagnosed(self._unlike(location, expr.span, describe(value), code))

    # ---- pydantic's errors in the language's words ----

    def _from_pydantic(self, errors: Sequence[ErrorDetails]) -> list[Diagnostic]:
        """One diagnostic a place; what lies inside a value of the wrong kind is no mistake of its own."""
        at = {self._place(error["loc"]): error for error in reversed(errors)}
        wrong = {place for place, error in at.items() if self._is_wrong_kind(error)}
        return [
            self._missing(place, error) if error["type"] == "missing" else self._unfit(place)
            for place, error in reversed(at.items())
            if not any(place[:n] in wrong for n in range(len(place)))
        ]

    def _is_wrong_kind(self, error: ErrorDetails) -> bool:
        return error["type"] in _WRONG_KIND or error["loc"][-1:] == ("kind",)

    def _place(self, location: Location) -> Location:
        """The longest part of pydantic's location that the spec wrote; branches of unions are no part of it."""
        place: Location = ()
        for part in location:
            if (*place, part) in self.spans:
                place = (*place, part)
        return place

    def _missing(self, place: Location, error: ErrorDetails) -> Diagnostic:
        model = self.models[place]
        message = f"`{model.model_fields['kind'].default}` needs argument `{error['loc'][-1]}`"
        return Diagnostic("BSN204", message, self.spans.get(place), help=f"it is used as `{usage(model)}`")

    def _unfit(self, place: Location) -> Diagnostic:
        span = self.spans[place]
        return self._unlike(place, span, f"`{one_line(span)}`")

    def _unlike(self, place: Location, span: SourceSpan, found: str, code: str = "BSN211") -> Diagnostic:
        """`epochs` must be …, not what was found."""
        depth = max(i for i, part in enumerate(place) if isinstance(part, str))
        owner, key = self.models[place[:depth]], str(place[depth])
        field = field_of(owner, key)
        of = f" of `{owner.model_fields['kind'].default}`" if "kind" in owner.model_fields else ""
        message = f"`{key}`{of} must be {in_words(field)}, not {found}"
        return Diagnostic(code, message, span, help=_hint(span, field, place[depth + 1 :]))


def _hint(span: SourceSpan, field: FieldInfo, inside: Location) -> str | None:
    """A list where one item stands alone, or the nearest name that is accepted."""
    if is_list(field) and not inside:
        return f"write a list, as in `[{one_line(span)}]`"
    written = span.text.partition("(")[0].strip()
    suggestion = did_you_mean(written, names_in(field))
    is_close = suggestion is not None and suggestion.startswith("did you mean")
    return suggestion if is_close and written not in names_in(field) else None
