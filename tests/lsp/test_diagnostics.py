"""Diagnostics in the protocol's terms."""

from __future__ import annotations

from pathlib import Path

import pytest

types = pytest.importorskip("lsprotocol.types", reason="the language server needs pygls: pip install 'bsnc[lsp]'")

from bsnc.lsp.diagnostics import published  # noqa: E402
from bsnc.lsp.positions import Positions  # noqa: E402
from bsnc.lsp.protocol import Protocol, name_of, uri_of  # noqa: E402
from bsnc.lsp.workspace import Workspace  # noqa: E402
from tests.lsp.support import around, opened  # noqa: E402

PROTOCOL = Protocol(Positions())


def test_place_code_severity_labels_and_help() -> None:
    (found,) = published(opened(around("¦let width = 3"))[0], PROTOCOL)
    assert (found.code, found.source, found.severity) == ("BSN202", "bsnc", types.DiagnosticSeverity.Error)
    assert found.range == types.Range(types.Position(6, 6), types.Position(6, 11))
    (label,) = found.related_information
    assert (label.message, label.location.range.start) == ("first declared here", types.Position(0, 12))
    (unknown,) = published(opened(around("¦let b = widht"))[0], PROTOCOL)
    assert unknown.message.endswith("help: did you mean `width`?")


def test_every_mistake_is_published_while_one_types() -> None:
    text = around("let a = (1 +\n edge image -> h[1] : step(a) | relu | qq")
    workspace = Workspace()
    for end in range(0, len(text), 7):
        document = workspace.open("/net.bsn", text[:end])
        found = published(document, PROTOCOL)
        assert len(found) == len(document.analysis.diagnostics)
        assert all(d.range.end.line <= text.count("\n") for d in found)


def test_errors_of_an_imported_file_stand_at_the_import(tmp_path: Path) -> None:
    (tmp_path / "lib.bsn").write_text("let a = 1\nlet b = q\n", encoding="utf-8")
    document = Workspace().open(str(tmp_path / "net.bsn"), 'import "lib.bsn"\n' + around("let c = a"))
    found = next(d for d in published(document, PROTOCOL) if d.code == "BSN201")
    assert found.range == types.Range(types.Position(0, 7), types.Position(0, 16))
    place = found.related_information[0].location
    assert (place.uri, place.range.start) == ((tmp_path / "lib.bsn").as_uri(), types.Position(1, 8))


def test_a_message_without_a_place_stands_at_the_start() -> None:
    (found,) = published(opened("¦")[0], PROTOCOL)
    assert (found.code, found.range.start) == ("BSN302", types.Position(0, 0))


@pytest.mark.parametrize("name", ["/a/b c/é.bsn", "untitled:Untitled-1"])
def test_names_of_documents_and_uris(name: str) -> None:
    assert name_of(uri_of(name)) == name
