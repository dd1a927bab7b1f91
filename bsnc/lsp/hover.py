"""What an editor shows about the place under the pointer."""

from __future__ import annotations

from dataclasses import dataclass

from bsnc.diagnostics import SourceSpan
from bsnc.ir import SECTIONS
from bsnc.lsp import reference
from bsnc.lsp.definition import find_word, read_import
from bsnc.lsp.document import Document, Parsed
from bsnc.lsp.elaborated import edges_text, nodes_text
from bsnc.lsp.names import Declaration, Word, declared_by, path_to
from bsnc.sema import KINDS
from bsnc.syntax import ast


@dataclass(frozen=True)
class Hover:
    """Markdown, and the piece of the text that it is about."""

    markdown: str
    span: SourceSpan


def hover(document: Document, offset: int) -> Hover | None:
    """The word at a place, and the edges that its statement means."""
    parsed = document.parsed
    if parsed is None:
        return None
    word = find_word(document, offset)
    about_word = None if word is None else _word_text(document, parsed, word)
    edge = next(
        (s for s in path_to(parsed.spec, document.to_parsed(offset)) if isinstance(s, ast.EdgeDeclaration)), None
    )
    about_edge = None if edge is None else edges_text(parsed.analysis, edge.span)
    parts = [part for part in (about_word, about_edge) if part]
    span = word.span if word is not None and about_word else edge.span if edge is not None else None
    return Hover("\n\n---\n\n".join(parts), document.from_parsed(span)) if parts and span is not None else None


def _word_text(document: Document, parsed: Parsed, word: Word) -> str | None:
    declaration = declared_by(word, lambda item: read_import(document, item))
    if declaration is not None:
        return _declaration_text(parsed, declaration)
    if word.inside(ast.Section) is not None:
        return _section_word(word)
    call = word.inside(ast.Call, ast.Extern)
    match word.path[-2:]:
        case ast.CostReference(), _:
            return reference.cost_text(word.text)
        case ast.ExternCost(), _:
            return reference.cost_text("extern")
        case ast.Argument() as argument, ast.Identifier() as name if argument.name is name:
            return reference.op_parameter_text(call.name.text, word.text) if isinstance(call, ast.Call) else None
        case _, ast.String():
            return None
        case _:
            return reference.builtin_text(word.text)


def _declaration_text(parsed: Parsed, declaration: Declaration) -> str:
    text = declaration.span.text
    if isinstance(declaration, (ast.Cell, ast.Network)):
        text = text.partition("{")[0].rstrip()
    if isinstance(declaration, ast.Binding):
        text = f"for {text}"
    shown = reference.code(text)
    if not isinstance(declaration, (ast.NodeDeclaration, ast.End)):
        return shown
    return f"{shown}\n{nodes_text(parsed.analysis, declaration.name.span)}".rstrip()


def _section_word(word: Word) -> str | None:
    """A section, a key, a value known by name, or an argument of one."""
    section, call, around = word.inside(ast.Section), word.inside(ast.Call), word.path[-2]
    assert isinstance(section, ast.Section)
    if isinstance(around, ast.Section):
        return reference.section_text(word.text)
    if isinstance(around, ast.Entry) and around.key is word.path[-1]:
        return reference.key_text(SECTIONS[section.name.text], word.text)
    if isinstance(around, ast.Argument) and around.name is word.path[-1] and isinstance(call, ast.Call):
        model = KINDS.get(call.name.text)
        return None if model is None else reference.key_text(model, word.text)
    return reference.kind_text(word.text)
