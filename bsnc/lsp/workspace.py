"""The specs that an editor has open, and the files around them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bsnc.diagnostics import Source
from bsnc.driver import importer, read_source
from bsnc.lsp.document import Document, open_document
from bsnc.sema import Loader, no_imports


class Workspace:
    """Open documents by name: the path of a file, or what the editor calls a text that is none."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}

    def open(self, name: str, text: str) -> Document:
        """A text that was opened or changed."""
        source = Source(name, text.replace("\r\n", "\n").replace("\r", "\n"))
        document = open_document(source, self._loader(name), self.documents.get(name))
        self.documents[name] = document
        return document

    def close(self, name: str) -> None:
        self.documents.pop(name, None)

    def reopen_importers(self, name: str) -> Iterator[Document]:
        """Check again the other open documents that import a file, now that it has changed or was closed."""
        for other, document in list(self.documents.items()):
            analysis = document.parsed.analysis if document.parsed else document.analysis
            if other != name and any(source.name == name for source in analysis.sources):
                yield self.open(other, document.source.text)

    def _loader(self, name: str) -> Loader:
        path = Path(name)
        return importer(path.parent, self._read) if path.is_absolute() else no_imports

    def _read(self, path: Path) -> Source:
        """An open file as the editor has it, another one as it is on disk."""
        document = self.documents.get(str(path))
        return read_source(path) if document is None else document.source
