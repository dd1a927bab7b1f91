"""What features find, in the protocol's types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lsprotocol import types
from pygls import uris

from bsnc.diagnostics import SourceSpan
from bsnc.lsp.completion import Completion
from bsnc.lsp.completion import Kind as CompletionKind
from bsnc.lsp.hover import Hover
from bsnc.lsp.positions import Positions
from bsnc.lsp.symbols import Kind, Symbol

_SYMBOLS: dict[Kind, types.SymbolKind] = {
    "network": types.SymbolKind.Class,
    "cell": types.SymbolKind.Struct,
    "block": types.SymbolKind.Function,
    "let": types.SymbolKind.Constant,
    "node": types.SymbolKind.Variable,
    "gate": types.SymbolKind.Event,
    "budget": types.SymbolKind.Number,
    "section": types.SymbolKind.Namespace,
    "parameter": types.SymbolKind.TypeParameter,
    "entry": types.SymbolKind.Property,
}
_COMPLETIONS: dict[CompletionKind, types.CompletionItemKind] = {
    "keyword": types.CompletionItemKind.Keyword,
    "op": types.CompletionItemKind.Function,
    "name": types.CompletionItemKind.Variable,
    "argument": types.CompletionItemKind.Field,
    "key": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.EnumMember,
}


def name_of(uri: str) -> str:
    """The name of a document: the path of a file, normalised; anything else is called by its URI."""
    path = uris.to_fs_path(uri) if uri.startswith("file:") else None
    return uri if path is None else str(Path(path))


def uri_of(name: str) -> str:
    """The inverse of `name_of`."""
    uri = uris.from_fs_path(name) if Path(name).is_absolute() else None
    return name if uri is None else uri


class Protocol:
    """Conversions under an encoding of positions."""

    def __init__(self, positions: Positions, uri: Callable[[str], str] = uri_of) -> None:
        self._positions, self._uri = positions, uri

    def range(self, span: SourceSpan) -> types.Range:
        start, end = (self._positions.position(span.source, offset) for offset in (span.start, span.end))
        return types.Range(types.Position(*start), types.Position(*end))

    def location(self, span: SourceSpan) -> types.Location:
        return types.Location(self._uri(span.source.name), self.range(span))

    def hover(self, hover: Hover) -> types.Hover:
        content = types.MarkupContent(types.MarkupKind.Markdown, hover.markdown)
        return types.Hover(content, self.range(hover.span))

    def symbol(self, symbol: Symbol) -> types.DocumentSymbol:
        return types.DocumentSymbol(
            name=symbol.name,
            kind=_SYMBOLS[symbol.kind],
            range=self.range(symbol.span),
            selection_range=self.range(symbol.name_span),
            detail=symbol.kind,
            children=[self.symbol(child) for child in symbol.children],
        )

    def completion(self, item: Completion) -> types.CompletionItem:
        return types.CompletionItem(
            label=item.label,
            kind=_COMPLETIONS[item.kind],
            detail=item.detail or None,
            documentation=types.MarkupContent(types.MarkupKind.Markdown, item.text) if item.text else None,
        )
