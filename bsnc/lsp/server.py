"""The server: requests of the editor → features. Everything that it says is found elsewhere."""

from __future__ import annotations

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from bsnc import __version__
from bsnc.diagnostics import SourceSpan
from bsnc.lsp.completion import complete
from bsnc.lsp.definition import definition
from bsnc.lsp.diagnostics import published
from bsnc.lsp.document import Document
from bsnc.lsp.formatting import formatted
from bsnc.lsp.hover import hover
from bsnc.lsp.positions import Encoding, Positions
from bsnc.lsp.protocol import Protocol, name_of, uri_of
from bsnc.lsp.symbols import symbols
from bsnc.lsp.workspace import Workspace

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}


class Server(LanguageServer):
    """A language server with the specs that are open. Editors send whole texts."""

    def __init__(self) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            "bsnc", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full
        )
        self.specs = Workspace()
        self.uris: dict[str, str] = {}
        self.versions: dict[str, int] = {}

    @property
    def positions(self) -> Positions:
        """Under the encoding that was agreed on."""
        agreed = self.workspace.position_encoding
        return Positions(_ENCODINGS[str(getattr(agreed, "value", agreed or "utf-16"))])

    @property
    def converted(self) -> Protocol:
        """Into the protocol's types; an open document keeps the URI under which the editor opened it."""
        return Protocol(self.positions, lambda name: self.uris.get(name) or uri_of(name))

    def update(self, uri: str, version: int, text: str) -> None:
        """Check a new version of a document, and what imports it. An older one that comes late is ignored."""
        name = name_of(uri)
        if version < self.versions.get(name, version):
            return
        self.uris[name], self.versions[name] = uri, version
        self.publish(self.specs.open(name, text))
        for importing in self.specs.reopen_importers(name):
            self.publish(importing)

    def publish(self, document: Document) -> None:
        name = document.source.name
        found = published(document, self.converted)
        parameters = types.PublishDiagnosticsParams(self.uris[name], found, self.versions[name])
        self.text_document_publish_diagnostics(parameters)

    def at(self, identifier: types.TextDocumentIdentifier, place: types.Position) -> tuple[Document, int] | None:
        """The open document and the offset that a request is about."""
        document = self.specs.documents.get(name_of(identifier.uri))
        if document is None:
            return None
        return document, self.positions.offset(document.source, place.line, place.character)


server = Server()


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def did_open(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    opened = params.text_document
    ls.versions.pop(name_of(opened.uri), None)
    ls.update(opened.uri, opened.version, opened.text)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def did_change(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    changed = params.text_document
    ls.update(changed.uri, changed.version, params.content_changes[-1].text)


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
def did_close(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    name = name_of(params.text_document.uri)
    ls.specs.close(name)
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))
    for importing in ls.specs.reopen_importers(name):
        ls.publish(importing)


@server.feature(types.TEXT_DOCUMENT_HOVER)
def on_hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    place = ls.at(params.text_document, params.position)
    found = hover(*place) if place else None
    return ls.converted.hover(found) if found else None


@server.feature(types.TEXT_DOCUMENT_DEFINITION)
def on_definition(ls: Server, params: types.DefinitionParams) -> types.Location | None:
    place = ls.at(params.text_document, params.position)
    found = definition(*place) if place else None
    return ls.converted.location(found) if found else None


@server.feature(types.TEXT_DOCUMENT_COMPLETION)
def on_completion(ls: Server, params: types.CompletionParams) -> list[types.CompletionItem]:
    place = ls.at(params.text_document, params.position)
    return [ls.converted.completion(item) for item in complete(*place)] if place else []


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def on_symbols(ls: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    document = ls.specs.documents.get(name_of(params.text_document.uri))
    return [ls.converted.symbol(symbol) for symbol in symbols(document)] if document else []


@server.feature(types.TEXT_DOCUMENT_FORMATTING)
def on_formatting(ls: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
    document = ls.specs.documents.get(name_of(params.text_document.uri))
    text = formatted(document) if document else None
    if document is None or text is None:
        return []
    whole = SourceSpan(document.source, 0, len(document.source.text))
    return [types.TextEdit(ls.converted.range(whole), text)]
