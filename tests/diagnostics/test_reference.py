"""docs/errors.md, docs/ops.md and the sections of docs/language.md are what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from bsnc.diagnostics import CODES
from bsnc.ops import EXTERN, OPS
from bsnc.sema import build
from bsnc.sema.elaboration import context, edges, nodes
from bsnc.sema.expressions import evaluate
from bsnc.syntax import lexer, parse

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def make_reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["errors.md", "ops.md", "language.md"])
def test_committed_pages_are_current(make_reference: ModuleType, name: str) -> None:
    current = make_reference.pages()[DOCS / name]
    assert (DOCS / name).read_text(encoding="utf-8") == current, "run `python docs/make_reference.py`"


def test_every_code_and_op_is_there(make_reference: ModuleType) -> None:
    errors, ops = make_reference.errors_page(), make_reference.ops_page()
    assert [code for code in CODES if f"\n## {code}: " not in errors] == []
    assert [op for op in OPS if op != EXTERN and f"\n## `{op}`\n" not in ops] == []


def test_figures_of_an_op_are_those_of_the_paper_and_pencil(make_reference: ModuleType) -> None:
    ops = make_reference.ops_page()
    assert f"{16 * 32 * 9 * 32 * 32:,} multiply-adds, {16 * 32 * 9 + 32:,} parameters" in ops


def test_limits_are_the_documented_ones() -> None:
    size = (parse.MAX_CHARACTERS, lexer.MAX_TOKENS, lexer.MAX_NESTING, parse.MAX_DEPTH)
    assert size == (1_000_000, 50_000, 100, 200)
    assert all(f"{limit:,}" in CODES["BSN103"].explanation for limit in size)
    counts = (nodes.MAX_NODES, edges.MAX_EDGES, evaluate.MAX_STEPS, evaluate.MAX_STAGES)
    assert counts == (100_000, 100_000, 5_000_000, 1_000)
    counts = (*counts, evaluate.MAX_BLOCK_DEPTH, context.MAX_MISTAKES)
    assert all(f"{limit:,}" in CODES["BSN213"].explanation for limit in counts)
    assert (build.MAX_ELEMENTS, build.MAX_MULTIPLY_ADDS) == (2**36, 2**46)
