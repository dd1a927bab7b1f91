"""No text, however broken, and no place in it makes a feature fail."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bsnc.lsp.completion import complete
from bsnc.lsp.definition import definition
from bsnc.lsp.document import Document
from bsnc.lsp.formatting import formatted
from bsnc.lsp.hover import hover
from bsnc.lsp.symbols import symbols
from bsnc.lsp.workspace import Workspace

ROOT = Path(__file__).parents[2]
SPECS = [*sorted((ROOT / "specs").glob("*.bsn")), ROOT / "tests/golden/cells/compile_cells.bsn"]
CUTS, MUTATIONS, PLACES = 60, 30, 6
PIECES = [
    "{",
    "}",
    "(",
    ")",
    "|",
    "->",
    ":",
    "edge ",
    "let ",
    '"',
    "#",
    "\n",
    "𝛼",
    "choice",
    "@",
    "=",
    "0..",
    "[",
    "import",
]


def ask_everything(document: Document, generator: random.Random) -> None:
    symbols(document)
    for _ in range(PLACES):
        offset = generator.randrange(len(document.source.text) + 1)
        for feature in (hover, definition, complete):
            feature(document, offset)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_prefixes(path: Path) -> None:
    text, generator = path.read_text(encoding="utf-8"), random.Random(path.stem)
    workspace = Workspace()
    for cut in sorted(generator.randrange(len(text) + 1) for _ in range(CUTS)):
        document = workspace.open("/net.bsn", text[:cut])
        ask_everything(document, generator)
        complete(document, cut)
        formatted(document)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_mutations(path: Path) -> None:
    text, generator = path.read_text(encoding="utf-8"), random.Random(path.stem)
    workspace = Workspace()
    workspace.open("/net.bsn", text)
    for _ in range(MUTATIONS):
        at, length = generator.randrange(len(text)), generator.randrange(20)
        mutated = text[:at] + generator.choice(PIECES) + text[at + length :]
        ask_everything(workspace.open("/net.bsn", mutated), generator)
