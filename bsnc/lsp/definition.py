"""Go to definition."""

from __future__ import annotations

from bsnc.diagnostics import SourceSpan
from bsnc.lsp.document import Document
from bsnc.lsp.names import Word, declared_by, word_at
from bsnc.syntax import ast


def read_import(document: Document, item: ast.Import) -> ast.Spec | None:
    """The syntax of an imported file."""
    file = document.imported(item)
    return None if file is None else file[1]


def find_word(document: Document, offset: int) -> Word | None:
    """The word at a place of the text, in the last version that parsed; None where that had another one there."""
    if document.parsed is None:
        return None
    word = word_at(document.parsed.spec, document.to_parsed(offset))
    return word if word is not None and document.from_parsed(word.span).text == word.span.text else None


def definition(document: Document, offset: int) -> SourceSpan | None:
    """Where the name at a place is declared; of the path of an import, the start of that file."""
    word = find_word(document, offset)
    if word is None:
        return None
    item = word.inside(ast.Import)
    if isinstance(item, ast.Import):
        file = document.imported(item)
        return None if file is None else SourceSpan(file[0], 0, 0)
    declaration = declared_by(word, lambda item: read_import(document, item))
    return None if declaration is None else document.from_parsed(declaration.name.span)
