"""Names in the text of a spec: which are visible at a place, and what a word there stands for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bsnc.diagnostics import SourceSpan
from bsnc.syntax import ast

Declaration = (
    ast.Network
    | ast.Parameter
    | ast.Let
    | ast.Block
    | ast.Cell
    | ast.NodeDeclaration
    | ast.GateDeclaration
    | ast.End
    | ast.Binding
)
Names = dict[str, Declaration]
ReadImport = Callable[[ast.Import], ast.Spec | None]


@dataclass(frozen=True)
class Word:
    """A word of a spec and the syntax around it, outermost first, itself last."""

    text: str
    span: SourceSpan
    path: tuple[ast.Syntax, ...]

    def inside(self, *kinds: type[ast.Syntax]) -> ast.Syntax | None:
        """The innermost syntax of these kinds around it."""
        return next((syntax for syntax in reversed(self.path) if isinstance(syntax, kinds)), None)


def children(syntax: ast.Syntax) -> Iterator[ast.Syntax]:
    """What a piece of syntax directly consists of."""
    for field in dataclasses.fields(syntax):
        value = getattr(syntax, field.name)
        parts: tuple[object, ...] = value if isinstance(value, tuple) else (value,)  # pyright: ignore[reportUnknownVariableType]
        yield from (part for part in parts if isinstance(part, ast.Syntax))


def path_to(spec: ast.Spec, offset: int) -> tuple[ast.Syntax, ...]:
    """The syntax that a place lies in, outermost first. What ends there counts where nothing begins there."""
    path: list[ast.Syntax] = [spec]
    while True:
        around = [child for child in children(path[-1]) if child.span.start <= offset <= child.span.end]
        if not around:
            return tuple(path)
        path.append(max(around, key=lambda child: child.span.start))


def word_at(spec: ast.Spec, offset: int) -> Word | None:
    """The name or the string at a place."""
    path = path_to(spec, offset)
    last = path[-1]
    if isinstance(last, (ast.Name, ast.Identifier)):
        return Word(last.text, last.span, path)
    return Word(last.value, last.span, path) if isinstance(last, ast.String) else None


def declared_by(word: Word, read: ReadImport) -> Declaration | None:
    """The declaration that a word is the name of, or refers to."""
    around, itself = word.path[-2:]
    if isinstance(around, Declaration) and around.name is itself:
        return around
    if isinstance(around, ast.Argument) and around.name is itself:
        return _parameter_of_call(word, read)
    refers = isinstance(itself, ast.Name) or isinstance(around, ast.Call)
    if not refers or word.inside(ast.Section, ast.Budget) is not None:
        return None
    return visible(word.path, word.span.start, read).get(word.text)


def _parameter_of_call(word: Word, read: ReadImport) -> ast.Parameter | None:
    call = word.inside(ast.Call, ast.Extern)
    called = visible(word.path, word.span.start, read).get(call.name.text) if isinstance(call, ast.Call) else None
    parameters = called.parameters if isinstance(called, (ast.Block, ast.Cell)) else ()
    return next((p for p in parameters if p.name.text == word.text), None)


def visible(path: tuple[ast.Syntax, ...], offset: int, read: ReadImport) -> Names:
    """What expressions may name at a place that lies in `path`."""
    names: Names = {}
    whole_file = any(isinstance(syntax, ast.Network) for syntax in path)
    for syntax in path:
        for item in _owned(syntax, offset):
            is_before = item.span.end <= offset or (isinstance(syntax, ast.Spec) and whole_file)
            if isinstance(item, ast.Import) and is_before:
                names |= exported(item, read)
            elif is_before and isinstance(item, Declaration) and not isinstance(item, ast.Network):
                names[item.name.text] = item
    return names


def exported(item: ast.Import, read: ReadImport, depth: int = 10) -> Names:
    """The names that come with an import, those of the files that its file imports included."""
    spec = read(item) if depth else None
    names: Names = {}
    for inner in spec.items if spec is not None else ():
        if isinstance(inner, ast.Import):
            names |= exported(inner, read, depth - 1)
        elif isinstance(inner, (ast.Let, ast.Block, ast.Cell)):
            names[inner.name.text] = inner
    return names


def _owned(syntax: ast.Syntax, offset: int) -> tuple[ast.Syntax, ...]:
    """What declares names that are visible inside of a piece of syntax, up to a place in it."""
    match syntax:
        case ast.Spec():
            return syntax.items
        case ast.Network() | ast.Cell():
            return (*syntax.parameters, *syntax.body)
        case ast.Block():
            return syntax.parameters
        case ast.For():
            return (*syntax.bindings, *syntax.body)
        case ast.If():
            is_else = bool(syntax.otherwise) and offset >= syntax.otherwise[0].span.start
            return syntax.otherwise if is_else else syntax.then
        case _:
            return ()
