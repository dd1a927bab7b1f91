"""Text → AST. The only module that runs lark."""

from __future__ import annotations

import os
from functools import cache
from importlib import resources
from pathlib import Path

from lark import Lark
from lark.exceptions import UnexpectedInput, VisitError

from bsnc.diagnostics import Diagnosed, Diagnostic, Source, SourceSpan
from bsnc.syntax import ast
from bsnc.syntax.build_ast import BuildAst
from bsnc.syntax.errors import from_lark, too_deep
from bsnc.syntax.lexer import NestingTooDeepError, StatementIf

MAX_CHARACTERS = 2_000_000


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
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path("~/.cache").expanduser())
    directory = Path(home) / "bsnc"
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
        message = f"the spec has {len(source.text)} characters, more than {MAX_CHARACTERS}"
        raise Diagnosed(Diagnostic("BSN103", message, subject=source.name))
    try:
        return BuildAst(source).transform(_parser(start).parse(source.text))
    except NestingTooDeepError as error:
        raise Diagnosed(too_deep(error, source)) from None
    except UnexpectedInput as error:
        raise Diagnosed(from_lark(error, source, _arrow_terminal(start))) from None
    except VisitError as error:
        if isinstance(error.orig_exc, Diagnosed):
            raise error.orig_exc from None
        raise
    except RecursionError:
        span = SourceSpan(source, 0, 1)
        raise Diagnosed(Diagnostic("BSN103", "an expression in this spec is too deep", span)) from None


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
