"""What the documents show is true: every spec in them compiles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bsnc.diagnostics import Source, render_full
from bsnc.ir import DataConfig, SearchConfig, TrainConfig
from bsnc.sema import analyse

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```bsn\n(.*?)```", re.DOTALL)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(text, id=f"{path.name}-{i}")
    for path in DOCUMENTS
    for i, text in enumerate(BLOCK.findall(path.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize("text", BLOCKS)
def test_specs_in_documents_compile(text: str) -> None:
    analysis = analyse(Source("document", text))
    assert analysis.program is not None, "\n".join(map(render_full, analysis.diagnostics))


def test_the_defaults_in_the_language_reference_are_the_defaults() -> None:
    (text,) = [b for b in BLOCK.findall((ROOT / "docs/language.md").read_text(encoding="utf-8")) if "search {" in b]
    program = analyse(Source("document", text)).program
    assert program is not None
    assert (program.search, program.train, program.data) == (SearchConfig(), TrainConfig(), DataConfig())


def test_links_between_documents_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document}: {target}"
