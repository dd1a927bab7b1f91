"""Text → AST. The only module that runs lark."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path

from lark import Lark, ParseTree, Tree
from lark.exceptions import UnexpectedInput

from bsnc.diagnostics import Diagnosed, Diagnostic, Source, SourceSpan
from bsnc.disk import cache_directory
from bsnc.syntax import ast
from bsnc.syntax.build_ast import BuildAst
from bsnc.syntax.errors import from_lark, glued_words, too_large
from bsnc.syntax.lexer import GluedWordsError, StatementIf, TooLargeError

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 200
MAX_FRAMES = 5_000


def _grammar_text() -> str:
    """The grammar inside an installed package, or, in a checkout, the one at the top level."""
    packaged = resources.files("bsnc") / "grammars" / "bsn.lark"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "grammars" / "bsn.lark").read_text(encoding="utf-8")


def _cache_file(start: str) -> str | bool:
    """Where lark keeps the tables that it made of the grammar (70 ms of a check's 300); False where it cannot.

    Lark writes a new file when the grammar, its own version or Python's differ.
    """
    directory = cache_directory()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return str(directory / f"{start}.lark-tables")


@cache
def _parser(start: str) -> Lark:
    return Lark(
        _grammar_text(),
        cache=_cache_file(start),
        parser="lalr",
        start=start,
        postlex=StatementIf(),
        propagate_positions=True,
        maybe_placeholders=True,
    )


@cache
def _arrow_terminal(start: str) -> str:
    return next(t.name for t in _parser(start).terminals if t.pattern.value == "->")


def _parse(source: Source, start: str) -> object:
    if len(source.text) > MAX_CHARACTERS:
        message = f"the spec has {len(source.text):,} characters, more than {MAX_CHARACTERS:,}"
        raise Diagnosed(Diagnostic("BSN103", message, subject=source.name))
    builder = BuildAst(source)
    try:
        tree = _parser(start).parse(source.text)
        _check_depth(tree, source)
        with deep_recursion():
            result: object = builder.transform(tree)
    except TooLargeError as error:
        raise Diagnosed(too_large(error, source)) from None
    except GluedWordsError as error:
        raise Diagnosed(glued_words(error, source)) from None
    except UnexpectedInput as error:
        raise Diagnosed(from_lark(error, source, _arrow_terminal(start))) from None
    if builder.mistakes:
        raise Diagnosed(*builder.mistakes)
    return result


def _check_depth(tree: ParseTree, source: Source) -> None:
    """Raises Diagnosed where the tree is deeper than what is safe to walk recursively."""
    level: list[ParseTree] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in parent.children if isinstance(child, Tree)]
    if level:
        meta = level[0].meta
        span = SourceSpan(source, meta.start_pos, meta.end_pos) if not meta.empty else None
        message = f"expressions and statements nest more than {MAX_DEPTH} deep here"
        help_text = "a long chain of operators nests as well: give parts of it a name with `let`"
        raise Diagnosed(Diagnostic("BSN103", message, span, source.name, help=help_text))


@contextmanager
def deep_recursion() -> Generator[None]:
    """Room on the stack for what MAX_DEPTH and the limits of elaboration admit, wherever the caller stands."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, MAX_FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def parse_spec(source: Source) -> ast.Spec:
    """The AST of a spec. Raises Diagnosed (BSN101, BSN102, BSN103) where the text is not one."""
    spec = _parse(source, "spec")
    assert isinstance(spec, ast.Spec)
    return spec


def parse_expression(source: Source) -> ast.Expr:
    """The AST of a lone expression, as given to `--set`. Raises Diagnosed like `parse_spec`."""
    expression = _parse(source, "expr")
    assert isinstance(expression, ast.Expr)
    return expression


def parse_budget(source: Source) -> ast.Budget:
    """The AST of a lone budget, `cost <= bound` with the leading word. Raises Diagnosed like `parse_spec`."""
    budget = _parse(source, "budget")
    assert isinstance(budget, ast.Budget)
    return budget
