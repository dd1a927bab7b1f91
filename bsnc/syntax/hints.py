"""What was probably meant where the text leaves the grammar: one small rule a habit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bsnc.diagnostics import Source, did_you_mean
from bsnc.ops import OPS
from bsnc.syntax.literals import UNITS

KEYWORDS = (
    *(
        "import",
        "network",
        "input",
        "output",
        "let",
        "block",
        "cell",
        "node",
        "gate",
        "edge",
        "fixed",
        "for",
        "if",
        "else",
    ),
    *("budget", "search", "train", "data", "choice", "repeat"),
)
_OUTSIDE = ("import", "network", "budget", "search", "train", "data")
_COMMON = "a choice is the whole module of an edge: put what is common into each option"
_CHOICE_OPEN = re.compile(r"choice\b[^{}]*\{[^{}]*$")


@dataclass(frozen=True)
class Situation:
    """A token that may not stand where it does, what may, and the text around it."""

    text: str
    kind: str
    accepted: frozenset[str]
    before: str
    after: str
    new_line: bool

    @property
    def in_network(self) -> bool:
        return "EDGE" in self.accepted

    @property
    def last_word(self) -> str:
        """The word right before, if there is one."""
        match = re.search(r"[^\W\d]\w*$", self.before)
        return match[0] if match else ""


def situation(source: Source, start: int, text: str, kind: str, accepted: set[str]) -> Situation:
    """What rules look at, of a token at an offset."""
    head = source.text[:start]
    before = head.rstrip()
    after = source.text[start + len(text) : start + len(text) + 80]
    return Situation(text, kind, frozenset(accepted), before[-200:], after, "\n" in head[len(before) :])


def hint(at: Situation) -> str | None:
    """The first rule that knows better."""
    return next((found for rule in _RULES for found in rule(at)), None)


def _signs(at: Situation) -> Iterator[str]:
    if at.kind == "EQUAL" and at.after.startswith(">"):
        yield "edges are written `a -> b`"
    elif at.kind == "EQUAL" and at.before.endswith(".."):
        yield "the end of a range is left out: `0..4` is 0, 1, 2, 3"
    elif at.kind == "EQUAL" and "COMPARE" in at.accepted:
        yield "to compare, write `==`"
    elif at.kind in ("EQUAL", "COMPARE") and "LE" in at.accepted and "COMPARE" not in at.accepted:
        yield "a budget is an upper bound: write `<=`"
    if at.text == "//" and (at.in_network or "NETWORK" in at.accepted):
        yield "a comment begins with `#`"
    if at.text.startswith("*") and at.before.endswith("*"):
        yield "a power is written `2^3`"
    if at.kind == "COMMA" and at.accepted == frozenset(("NAME", "RBRACE", "SEMICOLON")):
        yield "entries of a section are told apart by blanks"


def _choices(at: Situation) -> Iterator[str]:
    if at.kind == "CHOICE" and at.in_network:
        yield "a choice stands on an edge: `edge a -> b : choice { … }`"
    if at.last_word == "choice" and at.kind == "LBRACE":
        yield _COMMON if at.before[:-6].rstrip().endswith("|") else "a choice is the whole module of an edge"
    if at.before.endswith("}") and at.kind == "VBAR":
        yield _COMMON
    if at.before.endswith("}") and at.text == "@":
        yield "the gate of a choice stands before its options: `choice @ g { … }`"
    in_choice = _CHOICE_OPEN.search(at.before) is not None
    if in_choice and not at.in_network and (at.kind == "COMMA" or {"SEMICOLON", "RBRACE"} <= at.accepted):
        yield "options of a choice are told apart by `;`"


def _edges(at: Situation) -> Iterator[str]:
    line = at.before.rpartition("\n")[2]
    if "COLON" in at.accepted and "->" in line and "edge" in line and ":" not in line:
        if at.text == "@":
            yield "the gate stands behind the module: `edge a -> b : identity @ g`"
        elif at.text == "->":
            yield "an edge joins two nodes: write one edge for each arrow"
        elif at.new_line:
            yield "an edge carries a module: `edge a -> b : identity`"
    if at.last_word == "repeat" and at.kind == "NUMBER":
        yield "`repeat` stands behind a module: `unit(8) repeat 3`"


def _places(at: Situation) -> Iterator[str]:
    if at.text in _OUTSIDE and at.in_network:
        yield f"`{at.text}` stands outside of networks: is a `}}` missing before it?"
    if at.kind == "LBRACE" and "ELSE" in at.accepted:
        yield "an `if` that opens a statement comes first on its line, or after `;`"
    if at.last_word == "import" or at.last_word == "from":
        yield 'the path stands in double quotes: `import "blocks.bsn"`'
    if at.text == "from":
        yield 'a file is imported as a whole: `import "blocks.bsn"`'


def _words(at: Situation) -> Iterator[str]:
    if at.kind != "NAME":
        return
    number = re.search(r"[\d._]+$", at.before)
    if at.text in UNITS and number is not None:
        yield f"there is no blank before a unit: `{number[0]}{at.text}`"
    if at.text == "elif":
        yield "write `else if`"
    if at.in_network and (at.text in OPS or at.after.lstrip(" ").startswith("(")):
        yield "stages of a module are joined by `|`"
    if at.in_network or "NETWORK" in at.accepted:
        suggestion = did_you_mean(at.text, KEYWORDS)
        if suggestion is not None and suggestion.startswith("did you mean"):
            yield suggestion


_RULES: tuple[Callable[[Situation], Iterator[str]], ...] = (_signs, _choices, _edges, _places, _words)
