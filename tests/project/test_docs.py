"""What the documents show is true: every spec in them compiles, every list in them is complete.

A block of code is marked by its first line: "```bsn" has a whole spec, which other blocks of the document import by the
name of its network, "```bsn file=parts.bsn" a file for others to import, "```bsn network" statements of a network,
"```bsn extern" the same with code that is not there to run, and "```text compile fabric" what `bsnc compile` prints
about a network of the document.
"""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest

from bsnc.diagnostics import Source, render_full
from bsnc.ir import COST_SIGNATURES
from bsnc.sema import Analysis, Overrides, analyse
from bsnc.sema.elaboration import edges, elaborate, imports, nodes, raw
from bsnc.sema.expressions import evaluate, functions, parameters
from bsnc.syntax import UNITS, build_ast, format_source, lexer, parse
from tests.conftest import Bsnc
from tests.sema.support import around

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(bsn|text)( [^\n]+)?\n(.*?)```", re.DOTALL)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGE = (ROOT / "docs/language.md").read_text(encoding="utf-8")


def blocks(document: Path) -> list[tuple[str, str, str]]:
    """Language, mark and text of every block of a document."""
    return [(kind, mark.strip(), text) for kind, mark, text in BLOCK.findall(document.read_text(encoding="utf-8"))]


def files(document: Path) -> dict[str, str]:
    """The blocks that may be imported, by name of file."""
    found: dict[str, str] = {}
    for kind, mark, text in blocks(document):
        network = re.search(r"^network (\w+)", text, re.MULTILINE)
        if mark.startswith("file="):
            found[mark.removeprefix("file=")] = text
        elif kind == "bsn" and not mark and network:
            found[f"{network[1]}.bsn"] = text
    return found


def analysed(document: Path, text: str) -> Analysis:
    known = files(document)
    return analyse(Source("document", text), Overrides(), lambda _, path: Source(path, known[path]))


FRAGMENTS = ("network", "extern")

SPECS = [
    pytest.param(document, mark, text, id=f"{document.name}-{i}")
    for document in DOCUMENTS
    for i, (kind, mark, text) in enumerate(blocks(document))
    if kind == "bsn"
]


@pytest.mark.parametrize(("document", "mark", "text"), SPECS)
def test_specs_in_documents_are_free_of_diagnostics(document: Path, mark: str, text: str) -> None:
    analysis = analysed(document, around(text) if mark in FRAGMENTS else text)
    if mark == "extern":
        assert {d.code for d in analysis.diagnostics} == {"BSN217"}
        return
    assert not analysis.diagnostics, "\n".join(map(render_full, analysis.diagnostics))
    assert mark.startswith("file=") or analysis.program is not None


@pytest.mark.parametrize(("document", "mark", "text"), SPECS)
def test_specs_in_documents_are_in_canonical_layout(document: Path, mark: str, text: str) -> None:
    whole = f"network n() {{\n{indent(text, '  ')}}}\n" if mark in FRAGMENTS else text
    assert format_source(Source("document", whole)) == whole


COMPILED = [
    (document, mark.removeprefix("compile "), text)
    for document in DOCUMENTS
    for kind, mark, text in blocks(document)
    if kind == "text" and mark.startswith("compile ")
]


@pytest.mark.parametrize(("document", "network", "text"), COMPILED, ids=[network for _, network, _ in COMPILED])
def test_what_compile_prints(document: Path, network: str, text: str, bsnc: Bsnc, tmp_path: Path) -> None:
    (tmp_path / "spec.bsn").write_text(files(document)[f"{network}.bsn"], encoding="utf-8")
    run = bsnc("compile", "spec.bsn", cwd=tmp_path)
    printed, _, written = run.stdout.partition("\nwrote ")
    assert (printed, run.stderr) == (text, "") and written


def test_links_between_documents_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document}: {target}"


def test_links_within_a_document_lead_to_a_heading() -> None:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        headings = {_anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings, document


def test_links_into_other_documents_lead_to_a_heading() -> None:
    for document in DOCUMENTS:
        for target, anchor in re.findall(r"\]\(([^)#:]+)#([^)]+)\)", document.read_text(encoding="utf-8")):
            text = re.sub(r"^```.*?^```", "", (document.parent / target).read_text(encoding="utf-8"), flags=re.M | re.S)
            assert anchor in _anchors(text), f"{document}: {target}#{anchor}"


def _anchors(text: str) -> set[str]:
    """Those that GitHub gives to headings: the second of a name has `-1`."""
    names = [_anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {f"{name}-{n}" if (n := names[:i].count(name)) else name for i, name in enumerate(names)}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


# ---- lists in the reference of the language ----


def section(title: str) -> str:
    """What stands below a heading of language.md, up to the next of its level or above."""
    _, found, rest = LANGUAGE.partition(f"\n## {title}\n")
    assert found, title
    return re.split(r"^#{1,2} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def words(text: str) -> set[str]:
    """Every word in code spans."""
    return {word for span in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"[\w%]+", span)}


def test_reserved_words() -> None:
    listed, _, _ = section("Reserved words").partition(".")
    assert words(listed) == build_ast.RESERVED


def test_units_and_functions() -> None:
    expressions = section("Expressions")
    units, called = (
        re.search(pattern, expressions, re.DOTALL) for pattern in (r"There are(.*?)\.", r"Functions:(.*?)\.")
    )
    assert units is not None and called is not None
    assert words(units[1]) == set(UNITS) - {""}
    assert words(called[1]) - {"x"} == set(functions.FUNCTIONS)


def test_aggregations_types_and_costs() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", section("Nodes"), re.MULTILINE)
    assert tuple(rows) == raw.AGGREGATIONS
    types = re.search(r"^\| types \|(.*)$", section("Parameters"), re.MULTILINE)
    assert types is not None and words(types[1]) == set(parameters.TYPES)
    budgets = section("Budgets")
    assert set(re.findall(r"^\| `budget (\w+)", budgets, re.MULTILINE)) == set(COST_SIGNATURES)
    bounds = re.search(r"A bound is(.*?) \(`30% of max`\)\.", budgets, re.DOTALL)
    assert bounds is not None
    kinds = re.findall(r"(plain number|bytes|time) for (.*?) \(", bounds[1])
    listed = {name: kind for kind, names in kinds for name in words(names)}
    dimension = {"plain number": "count", "bytes": "bytes", "time": "seconds"}
    assert {name: dimension[kind] for name, kind in listed.items()} == {
        name: signature.dimension for name, signature in COST_SIGNATURES.items()
    }


def test_every_cost_has_a_section() -> None:
    costs = (ROOT / "docs/costs.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `(\w+)", costs, re.MULTILINE)) == set(COST_SIGNATURES)
    table, _, _ = costs.partition("\n## ")
    assert set(re.findall(r"^\| \[`(\w+)", table, re.MULTILINE)) == set(COST_SIGNATURES)


def test_limits() -> None:
    listed = [
        int(number.replace(",", "")) for number in re.findall(r"\| ([\d,]+) \|$", section("Limits"), re.MULTILINE)
    ]
    assert listed == [
        parse.MAX_CHARACTERS,
        lexer.MAX_TOKENS,
        lexer.MAX_NESTING,
        imports.MAX_FILES,
        imports.MAX_CHARACTERS,
        nodes.MAX_NODES,
        edges.MAX_EDGES,
        edges.MAX_OPTIONS,
        evaluate.MAX_STAGES,
        evaluate.MAX_BLOCK_DEPTH,
        elaborate.MAX_CELL_DEPTH,
        evaluate.MAX_STEPS,
        parameters.MAX_ITEMS,
    ]
