"""The TextMate grammar agrees with the language, on every spec at hand.

The grammar consists of `match` rules alone, each within a line, in regular expressions that Python's `re` reads as
Oniguruma does; so a few lines here can apply it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lark import Token

from bsnc.diagnostics import Diagnosed, Source
from bsnc.ops import OPS
from bsnc.syntax import parse_spec
from bsnc.syntax.parse import _parser

ROOT = Path(__file__).parents[2]
GRAMMAR: dict[str, Any] = json.loads((ROOT / "editors/bsn.tmLanguage.json").read_text(encoding="utf-8"))
KEYWORDS = sorted(set(re.findall(r'"([a-z]+)"', (ROOT / "grammars/bsn.lark").read_text(encoding="utf-8"))))
DECLARES = {"LET", "BLOCK", "CELL", "NODE", "GATE", "NETWORK", "INPUT", "OUTPUT", "BUDGET"}
LITERALS = {"NUMBER": "constant.numeric.bsn", "STRING": "string.quoted.double.bsn"}


def parses(path: Path) -> bool:
    try:
        parse_spec(Source(path.name, path.read_text(encoding="utf-8")))
    except (Diagnosed, UnicodeDecodeError):
        return False
    return True


SPECS = [p for p in [*(ROOT / "specs").glob("*.bsn"), *(ROOT / "tests/golden").rglob("*.bsn")] if parses(p)]


@cache
def rules() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Every rule, in the order in which they are tried."""

    def flat(rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if "include" in rule:
            yield from flat(GRAMMAR["repository"][rule["include"].removeprefix("#")])
        elif "patterns" in rule:
            for inner in rule["patterns"]:
                yield from flat(inner)
        else:
            yield rule

    return [(re.compile(rule["match"]), rule) for rule in flat(GRAMMAR)]


def scopes(text: str) -> list[str]:
    """The innermost scope of every character."""
    found: list[str] = []
    for line in text.splitlines(keepends=True):
        row, at = [""] * len(line), 0
        while matches := [(m.start(), i, m) for i, (p, _) in enumerate(rules()) if (m := p.search(line, at))]:
            _, number, match = min(matches, key=lambda found: found[:2])
            rule = rules()[number][1]
            names = {0: rule.get("name", "")} | {int(k): v["name"] for k, v in rule.get("captures", {}).items()}
            for group, name in names.items():
                row[match.start(group) : match.end(group)] = [name] * (match.end(group) - match.start(group))
            at = match.end()
        found += row
    return found


def tokens(text: str) -> Iterator[Token]:
    """The lexer's tokens, told apart by the parser as in the compiler."""
    return _parser("spec").parse_interactive(text).iter_parse()


@pytest.mark.parametrize("path", SPECS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_tokens_have_their_scopes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found, previous = scopes(text), ""
    assert len(found) == len(text)
    for token in tokens(text):
        assert token.start_pos is not None
        scope, at = found[token.start_pos], f"{token} at {token.line}:{token.column}: {found[token.start_pos]}"
        if token.type in LITERALS:
            assert scope == LITERALS[token.type], at
        elif token in ("true", "false"):
            assert scope == "constant.language.bsn", at
        elif token.type != "NAME" and token.isalpha():
            assert scope.startswith("keyword."), at
        elif token.type != "NAME":
            assert scope.startswith(("keyword.operator", "punctuation")), at
        elif token in OPS and previous not in DECLARES:
            assert scope in ("support.function.op.bsn", "variable.parameter.bsn"), at
        previous = token.type


@pytest.mark.parametrize("path", SPECS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_comments_are_comments(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = scopes(text)
    for match in re.finditer(r'"[^"\n]*"|(#[^\n]*)', text):
        if match[1]:
            assert set(found[match.start() : match.end()]) == {"comment.line.number-sign.bsn"}


@pytest.mark.parametrize("number", ["20%", "40M", "1_000k", "2.5e-3ms", "8MiB", "1e9", "7"])
def test_a_number_ends_with_its_unit(number: str) -> None:
    unit = re.search(r"(%|[a-zA-Z]*)$", re.sub(r"e-?[0-9]", "00", number))
    assert unit is not None
    digits = len(number) - len(unit[0])
    expected = ["constant.numeric.bsn"] * digits + ["keyword.other.unit.bsn"] * len(unit[0])
    assert scopes(f"let a = {number}")[8:] == expected


@pytest.mark.parametrize("word", [*KEYWORDS, *OPS])
def test_the_grammar_knows_every_word(word: str) -> None:
    assert re.search(rf"\b{word}\b", "\n".join(pattern.pattern.replace(r"\b", " ") for pattern, _ in rules()))


def test_the_extension_brings_the_grammar_and_the_configuration() -> None:
    folder = ROOT / "editors/vscode"
    contributes = json.loads((folder / "package.json").read_text(encoding="utf-8"))["contributes"]
    (language,), (grammar,) = contributes["languages"], contributes["grammars"]
    assert (grammar["language"], grammar["scopeName"]) == (language["id"], GRAMMAR["scopeName"])
    assert language["extensions"] == [f".{extension}" for extension in GRAMMAR["fileTypes"]]
    assert json.loads((folder / language["configuration"]).read_text(encoding="utf-8"))["comments"] == {
        "lineComment": "#"
    }
    assert Path(grammar["path"]).name == "bsn.tmLanguage.json"
