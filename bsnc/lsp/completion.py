"""Completion: what may stand at the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from bsnc.diagnostics import Diagnosed, Source
from bsnc.ir import COST_SIGNATURES, SECTIONS
from bsnc.lsp import reference
from bsnc.lsp.definition import read_import
from bsnc.lsp.document import Document
from bsnc.lsp.names import Declaration, Names, path_to, visible
from bsnc.lsp.place import ITEMS, STATEMENTS, Frame, Place, place_at
from bsnc.ops import OPS
from bsnc.sema import AGGREGATIONS, DTYPES, FUNCTIONS, KINDS, TYPES, field_of, in_words, keys_of, names_in
from bsnc.syntax import ast, parse_spec

Kind = Literal["keyword", "op", "name", "argument", "key", "value"]
_NAMING = {"let", "block", "cell", "network", "node", "gate", "for"}
_GO_ON = ("if", "else", "and", "or", "repeat")


@dataclass(frozen=True)
class Completion:
    """A word that may stand at the cursor; `detail` is short, `text` Markdown."""

    label: str
    kind: Kind
    detail: str = ""
    text: str = ""


def complete(document: Document, offset: int) -> list[Completion]:
    """Every word that may stand at a place; the editor picks those that begin with what is typed."""
    place = place_at(document.source.text, offset)
    if place.in_literal:
        return []
    if place.section is not None:
        return list(_in_section(place, SECTIONS[place.section]))
    names = _visible(document, place.word_start)
    inside = _in_parentheses if place.frame.bracket == "(" else _in_statement
    return list(inside(place, names))


def _visible(document: Document, offset: int) -> Names:
    """Visible names; where no version of the text has parsed, those of the text without the line of the cursor."""
    if document.parsed is not None:
        spec, offset = document.parsed.spec, document.to_parsed(offset)
    else:
        spec = _without_line(document.source, offset)
    if spec is None:
        return {}
    return visible(path_to(spec, offset), offset, lambda item: read_import(document, item))


def _without_line(source: Source, offset: int) -> ast.Spec | None:
    number = source.line_column(offset)[0]
    start, length = source.line_starts[number - 1], len(source.line(number))
    try:
        return parse_spec(Source(source.name, source.text[:start] + " " * length + source.text[start + length :]))
    except Diagnosed:
        return None


# ---- kinds of words ----


def _keywords(*words: str) -> Iterator[Completion]:
    return (Completion(word, "keyword") for word in words)


def _ops(names: Iterable[str] = OPS) -> Iterator[Completion]:
    return (Completion(name, "op", reference.signature(OPS[name]), OPS[name].summary) for name in names)


def _values(words: Iterable[str], detail: str = "") -> Iterator[Completion]:
    return (Completion(word, "value", detail) for word in words)


def _named(names: Names, *kinds: type[ast.Syntax]) -> Iterator[Completion]:
    """Visible names, of these kinds or of all."""
    for name, declaration in names.items():
        if not kinds or isinstance(declaration, kinds):
            yield Completion(name, "name", _headline(declaration))


def _headline(declaration: Declaration) -> str:
    text = " ".join(declaration.span.text.partition("{")[0].split())
    return f"for {text}" if isinstance(declaration, ast.Binding) else text


def _expression(names: Names) -> Iterator[Completion]:
    yield from _named(names)
    yield from _ops()
    yield from _values(FUNCTIONS, "function")
    yield from _keywords("true", "false", "not")


# ---- statements ----


def _in_statement(place: Place, names: Names) -> Iterator[Completion]:
    frame = place.frame
    words = frame.words
    if frame.bracket == "[":
        yield from _expression(names)
    elif not words:
        yield from _statement_start(place, names)
    elif words[-1] in _NAMING:
        return
    elif words[0] in ("edge", "fixed"):
        yield from _in_edge(frame, names)
    elif frame.is_done and words[0] != "budget":
        yield from _keywords(*_GO_ON, *(("in",) if words[0] == "for" else ()))
    else:
        yield from _in_other(words, names)


def _statement_start(place: Place, names: Names) -> Iterator[Completion]:
    if not place.frame.bracket:
        yield from _keywords(*ITEMS)
    elif any(frame.owner == "choice" for frame in place.frames):
        yield from _keywords("none", "for", "if")
        yield from _expression(names)
    else:
        yield from _keywords(*STATEMENTS)


def _in_edge(frame: Frame, names: Names) -> Iterator[Completion]:
    words = frame.words
    if words[-1] == "fixed":
        yield from _keywords("edge")
    elif words[-1] == "@":
        yield from _named(names, ast.GateDeclaration)
    elif ":" not in words:
        yield from _named(names, ast.NodeDeclaration, ast.End, ast.Let, ast.Binding, ast.Parameter)
    elif frame.is_done:
        yield from _keywords(*_GO_ON)
    else:
        yield from _keywords(*(("choice",) if words[-1] == ":" else ()))
        yield from _expression(names)


def _in_other(words: list[str], names: Names) -> Iterator[Completion]:
    match words[0]:
        case "budget":
            yield from _in_budget(words)
        case "input" | "output" if words[-1] == ":":
            yield from _values(DTYPES, "element type")
        case "node" if words[-1] in ("=", "|"):
            yield from _values(AGGREGATIONS if words[-1] == "=" else (), "aggregation")
            yield from _ops(name for name, op in OPS.items() if op.activation)
        case "import" | "search" | "train" | "data":
            return
        case _:
            yield from _expression(names)


def _in_budget(words: list[str]) -> Iterator[Completion]:
    if len(words) == 1:
        yield from (Completion(name, "value", cost.unit) for name, cost in COST_SIGNATURES.items())
    elif words[-1] == "of":
        yield from _keywords("max")
    elif "<=" in words and words[-1] != "<=":
        yield from _keywords("of")


# ---- parentheses ----


def _in_parentheses(place: Place, names: Names) -> Iterator[Completion]:
    frame, around = place.frame, place.frames[-2]
    if len(around.words) == 2 and around.words[0] in ("network", "cell", "block"):
        yield from _in_parameters(frame, names)
    elif around.words[:1] == ["budget"]:
        yield from _options(frame)
    elif not frame.is_done:
        if not frame.words or frame.words[-1] == ",":
            yield from _arguments(frame, names)
        yield from _values(_choices(frame))
        yield from _expression(names)
    else:
        yield from _keywords(*_GO_ON)


def _in_parameters(frame: Frame, names: Names) -> Iterator[Completion]:
    """The parameters that something declares."""
    if frame.words and frame.words[-1] == ":":
        yield from _values(TYPES, "type")
    elif frame.is_done:
        yield from _keywords("in")
    elif frame.words and frame.words[-1] != ",":
        yield from _expression(names)


def _options(frame: Frame) -> Iterator[Completion]:
    """The options of a cost."""
    cost = COST_SIGNATURES.get(frame.owner)
    options = cost.options if cost is not None else {}
    if frame.words[-1:] == ["="]:
        option = options.get(frame.words[-2:][0])
        yield from _values(option.names if option is not None else ())
    elif not frame.is_done:
        for name, option in options.items():
            yield Completion(f"{name} = ", "argument", reference.option_text(option))


def _arguments(frame: Frame, names: Names) -> Iterator[Completion]:
    """Names of the arguments that a call does not have yet."""
    called = names.get(frame.owner)
    found: list[tuple[str, str]] = []
    if isinstance(called, (ast.Block, ast.Cell)):
        found = [(parameter.name.text, parameter.span.text) for parameter in called.parameters]
    elif frame.owner in OPS:
        found = [(parameter.name, reference.parameter_text(parameter)) for parameter in OPS[frame.owner].parameters]
    yield from (Completion(f"{name} = ", "argument", text) for name, text in found if name not in frame.words)


def _choices(frame: Frame) -> tuple[str, ...]:
    """The words that the argument of an op takes, behind its `=`."""
    op = OPS.get(frame.owner)
    if op is None or frame.words[-1:] != ["="]:
        return ()
    return next((parameter.choices for parameter in op.parameters if parameter.name == frame.words[-2:][0]), ())


# ---- sections ----


def _in_section(place: Place, model: type[BaseModel]) -> Iterator[Completion]:
    """Keys and values of a section, arguments of the values that it calls."""
    frame, words = place.frame, place.frame.words
    called = KINDS.get(frame.owner) if frame.bracket == "(" else None
    owner = called or model
    is_value = frame.bracket == "[" or (bool(words) and not frame.is_done and words[-1] != ",")
    if not is_value and called is not None:
        yield from _keys(called, frame, " = ")
    elif not is_value and frame.bracket == "{":
        yield from _keys(model, frame, "")
    elif is_value:
        entry = place.braces.words if frame.bracket == "[" else words
        key = next((word for word in reversed(entry) if word in keys_of(owner)), None)
        yield from _section_values(owner, key)


def _keys(model: type[BaseModel], frame: Frame, end: str) -> Iterator[Completion]:
    for key in keys_of(model):
        text = reference.key_text(model, key) or ""
        if key not in frame.words:
            yield Completion(key + end, "key", in_words(field_of(model, key)), text)


def _section_values(model: type[BaseModel], key: str | None) -> Iterator[Completion]:
    if key is None:
        return
    field = field_of(model, key)
    for name in names_in(field):
        yield Completion(name, "value", key, reference.kind_text(name) or "")
    if field.annotation is bool:
        yield from _keywords("true", "false")
