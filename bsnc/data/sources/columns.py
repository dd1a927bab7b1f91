"""Which column of a table is the input, and which is to be predicted. Knows pyarrow's types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bsnc.data.sources.raw import Request
from bsnc.diagnostics import Diagnosed, Diagnostic, did_you_mean
from bsnc.ir import Columns

Kind = Literal["image", "integer", "number", "numbers", "text", "other"]
_WORDS: dict[Kind, str] = {
    "image": "an image",
    "integer": "an integer",
    "number": "a number",
    "numbers": "a list of numbers",
    "text": "a text",
    "other": "nothing that can be learnt from",
}


@dataclass(frozen=True)
class Column:
    """A column, what it holds, and the names of its classes where the table's author gave them."""

    name: str
    kind: Kind
    class_names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Chosen:
    """The columns of the inputs and of the targets: one, or several of numbers."""

    inputs: tuple[Column, ...]
    targets: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in (*self.inputs, *self.targets)]


def columns_of(schema: Any) -> list[Column]:
    """The columns of a pyarrow schema."""
    names = _class_names(schema.metadata or {})
    return [Column(f.name, kind_of(f.type), names.get(f.name)) for f in schema]


def choose(columns: Sequence[Column], request: Request, subject: str) -> Chosen:
    """The columns that section `data` names, and else the only ones there can be. Raises Diagnosed (BSN533)."""
    config = request.config
    named_inputs = _named(config.input, "input", columns, subject)
    named_labels = _named(config.label, "label", columns, subject)
    _require_kind(named_inputs, "input", ("image", "integer", "number", "numbers"), subject)
    _require_kind(named_labels, "label", _label_kinds(config.target), subject)
    taken = named_labels or [column for column in columns if config.target == "mask" and _is_called_a_mask(column)]
    inputs = named_inputs or _only("input", _input_candidates(columns, taken), columns, subject)
    labels = named_labels or _only("label", _label_candidates(columns, inputs, config.target), columns, subject)
    shared = next((column.name for column in inputs if column in labels), None)
    if shared is not None:
        raise _mistake(f"column `{shared}` is both input and label", subject, None)
    return Chosen(tuple(inputs), tuple(labels))


def check_same(columns: Sequence[Column], chosen: Chosen, subject: str) -> None:
    """Raises Diagnosed (BSN533) where another file lacks a chosen column, or has something else in it."""
    there = {column.name: column for column in columns}
    for column in (*chosen.inputs, *chosen.targets):
        if column.name not in there:
            raise _missing(column.name, columns, subject)
        if there[column.name].kind != column.kind:
            found, needed = _WORDS[there[column.name].kind], _WORDS[column.kind]
            raise _mistake(f"column `{column.name}` holds {found}, in the other files {needed}", subject, None)


def kind_of(given: Any) -> Kind:
    """What a column of a pyarrow type holds."""
    import pyarrow as pa

    types = pa.types
    if isinstance(given, pa.BaseExtensionType):
        return kind_of(given.storage_type)
    if types.is_dictionary(given):
        return kind_of(given.value_type)
    if types.is_struct(given):
        return "image" if any(f.name == "bytes" and _is_bytes(f.type) for f in given) else "other"
    if _is_bytes(given):
        return "image"
    if types.is_integer(given) or types.is_boolean(given):
        return "integer"
    if types.is_floating(given) or types.is_decimal(given):
        return "number"
    if types.is_list(given) or types.is_large_list(given) or types.is_fixed_size_list(given):
        return "numbers" if kind_of(given.value_type) in ("integer", "number", "numbers") else "other"
    is_text = types.is_string(given) or types.is_large_string(given) or types.is_string_view(given)
    return "text" if is_text else "other"


def _is_bytes(given: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(types.is_binary(given) or types.is_large_binary(given) or types.is_binary_view(given))


def _class_names(metadata: dict[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """Column → names of its classes, from the note that `datasets` leaves in a schema."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        found = {name: feature.get("names") for name, feature in features.items() if isinstance(feature, dict)}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    return {name: tuple(map(str, names)) for name, names in found.items() if isinstance(names, list) and names}


def _label_kinds(target: str) -> tuple[Kind, ...]:
    if target == "class":
        return "integer", "text"
    return ("image", "numbers") if target == "mask" else ("number", "integer", "numbers")


def _is_called_a_mask(column: Column) -> bool:
    """Images and masks are of one kind; by these names they can be told apart."""
    return column.name.casefold() in ("mask", "label", "labels", "annotation", "segmentation")


def _input_candidates(columns: Sequence[Column], labels: Sequence[Column]) -> list[Column]:
    """Images where there are any, else lists of numbers, else numbers."""
    for kinds in (("image",), ("numbers",), ("number", "integer")):
        found = [column for column in columns if column.kind in kinds and column not in labels]
        if found:
            return found
    return []


def _label_candidates(columns: Sequence[Column], inputs: Sequence[Column], target: str) -> list[Column]:
    """Of classes those with names, where there are any."""
    kinds = _label_kinds(target)
    found = [column for column in columns if column.kind in kinds and column not in inputs]
    with_names = [column for column in found if column.class_names is not None]
    return with_names if target == "class" and with_names else found


def _named(given: Columns | None, key: str, columns: Sequence[Column], subject: str) -> list[Column]:
    there = {column.name: column for column in columns}
    names = (given,) if isinstance(given, str) else given or ()
    missing = next((name for name in names if name not in there), None)
    if missing is not None:
        raise _missing(missing, columns, subject)
    found = [there[name] for name in names]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise _mistake(f"`{key}` names column `{twice}` twice", subject, None)
    odd = next((c for c in found if len(found) > 1 and c.kind not in ("number", "integer")), None)
    if odd is not None:
        message = f"of several columns of `{key}` each holds a number, but `{odd.name}` holds {_WORDS[odd.kind]}"
        raise _mistake(message, subject, None)
    return found


def _only(key: str, candidates: Sequence[Column], columns: Sequence[Column], subject: str) -> list[Column]:
    if len(candidates) == 1:
        return list(candidates)
    if not candidates:
        message = f"no column can be the {key}"
        raise _mistake(message, subject, f"the columns are {_listed(columns)}")
    message = f"which column is the {key}? It can be {_listed(candidates, 'or')}"
    raise _mistake(message, subject, f'say `{key} = "{candidates[0].name}"` in section `data`')


def _require_kind(found: Sequence[Column], key: str, kinds: Sequence[Kind], subject: str) -> None:
    for column in found:
        if column.kind not in kinds:
            needed = " or ".join(_WORDS[kind] for kind in kinds)
            message = f"column `{column.name}` holds {_WORDS[column.kind]}, but the {key} must be {needed}"
            raise _mistake(message, subject, None)


def _missing(name: str, columns: Sequence[Column], subject: str) -> Diagnosed:
    there = f"the columns are {_listed(columns)}"
    close = did_you_mean(name, [column.name for column in columns])
    is_close = close is not None and close.startswith("did you mean")
    return _mistake(f"there is no column `{name}`", subject, f"{close} T{there[1:]}" if is_close else there)


def _listed(columns: Sequence[Column], last: str = "and") -> str:
    words = [f"`{column.name}` ({_WORDS[column.kind]})" for column in columns]
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0] if words else "none"


def _mistake(message: str, subject: str, help_text: str | None) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN533", message, subject=subject, help=help_text))
