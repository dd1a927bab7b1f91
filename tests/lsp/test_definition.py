"""Every name leads to its declaration, also while the text does not parse."""

from __future__ import annotations

from pathlib import Path

import pytest

from bsnc.lsp.definition import definition
from bsnc.lsp.workspace import Workspace
from tests.lsp.support import HEAD, TAIL, around, opened

CELL = "cell unit(n) { node v[2] input v[0] output v[1] edge v[0] -> v[1] : conv(n, 3) }\n  "


@pytest.mark.parametrize(
    ("statement", "declared"),
    [
        ("let a = 1\n let b = ¦a", "a = 1"),
        ("let ¦a = 1", "a = 1"),
        ("edge image -> h[1] : st¦ep(3)", "step(c, k = 3)"),
        ("edge image -> h[1] : step(c¦ = 3)", "c, k = 3)"),
        ("edge ¦image -> h[1] : relu", "image: float"),
        ("edge image -> h¦[1] : relu", "h[2]"),
        ("edge image -> h[1] : relu @ g¦", "g\n"),
        ("let a = width¦ + 1", "width: int"),
        ("for i in 0..2 { edge image -> h[¦i] : relu }", "i in 0..2"),
        ("for i in 0..2, j in 0..¦i { }", "i in 0..2"),
        (CELL + "edge image -> h[1] : ¦unit(3)", "unit(n)"),
        (CELL.replace("v[0] ->", "¦v[0] ->"), "v[2]"),
        (CELL.replace("conv(n", "conv(¦n"), "n) {"),
        ("block twice(c) = step(c) | step(¦c)", "c) = step(c) |"),
        ("edge image -> h[1] : choice { none; ste¦p(3) }", "step(c"),
    ],
)
def test_a_name_leads_to_its_declaration(statement: str, declared: str) -> None:
    found = definition(*opened(around(statement)))
    assert found is not None
    assert found.source.text[found.start :].startswith(declared)


@pytest.mark.parametrize("statement", ["edge image -> h[1] : re¦lu", "let a = ¦later\n let later = 1", "let a ¦ = 1"])
def test_what_declares_nothing_leads_nowhere(statement: str) -> None:
    assert definition(*opened(around(statement))) is None


def test_a_text_that_does_not_parse_keeps_its_names() -> None:
    before = around("let a = 1")
    document, offset = opened(around("let a = 1\n  edge image -> -> ").replace("st¦ep", "step") + "¦", before)
    assert document.analysis.spec is None
    assert document.source.text == HEAD + "  let a = 1\n  edge image -> -> " + TAIL
    for word, declared in (("step(width)", "step(c, k"), ("width)", "width: int")):
        found = definition(document, document.source.text.rindex(word) + 1)
        assert found is not None and found.source is document.source
        assert document.source.text[found.start :].startswith(declared)
    assert offset == len(document.source.text)
    renamed = opened(around("let a = 1\n  edge (").replace("step(c", "s¦tride(c"), before)
    assert definition(*renamed) is None


def test_names_of_imported_files_and_their_paths(tmp_path: Path) -> None:
    (tmp_path / "deep.bsn").write_text("block deep(c) = conv(c, 3)\n", encoding="utf-8")
    (tmp_path / "lib.bsn").write_text('import "deep.bsn"\nlet wide = 64\n', encoding="utf-8")
    text = 'import "lib.bsn"\n' + around("edge image -> h[1] : deep(wide)")
    document = Workspace().open(str(tmp_path / "net.bsn"), text)
    places = {"lib.bsn": ("lib.bsn", ""), "deep(wide)": ("deep.bsn", "deep(c)"), "wide)": ("lib.bsn", "wide = 64")}
    for word, (file, declared) in places.items():
        found = definition(document, text.index(word) + 1)
        assert found is not None
        assert Path(found.source.name) == tmp_path / file
        assert found.source.text[found.start :].startswith(declared)


def test_unsaved_files_are_read_before_those_on_disk(tmp_path: Path) -> None:
    library, net = tmp_path / "lib.bsn", tmp_path / "net.bsn"
    library.write_text("let wide = 1\n", encoding="utf-8")
    workspace = Workspace()
    workspace.open(str(library), "let wider = 1\n")
    document = workspace.open(str(net), 'import "lib.bsn"\n' + around("let a = wide"))
    assert [d.code for d in document.analysis.diagnostics] == ["BSN201"]
    workspace.open(str(library), "let wide = 1\n")
    (again,) = workspace.reopen_importers(str(library))
    assert [d.code for d in again.analysis.diagnostics if d.severity == "error"] == []
