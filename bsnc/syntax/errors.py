"""Lark's errors in the user's words."""

from __future__ import annotations

from collections.abc import Iterable

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from bsnc.diagnostics import Diagnostic, Source, SourceSpan, did_you_mean
from bsnc.syntax.lexer import MAX_NESTING, NestingTooDeepError

_STATEMENTS = {"INPUT", "OUTPUT", "LET", "BLOCK", "NODE", "EDGE", "FIXED", "FOR", "IF_STATEMENT"}
_ITEMS = {"NETWORK", "BUDGET", "SECTION"}
_OPERATORS = {
    "LE",
    "COMPARE",
    "PLUS",
    "MINUS",
    "TIMES",
    "POWER",
    "AND",
    "OR",
    "VBAR",
    "__ANON_0",
    "__ANON_1",
    "LSQB",
    "IF",
}
_VALUES = {"NUMBER", "STRING", "TRUE", "FALSE", "NOT", "NAME", "LPAR", "LSQB"}
_WORDS = {
    "NAME": "a name",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "EQUAL": "`=`",
    "LE": "`<=`",
    "ELSE": "`else`",
    "IN": "`in`",
    "EDGE": "`edge`",
    "MAX": "`max`",
}
_KEYWORDS = (
    *("network", "input", "output", "let", "block", "node", "edge", "fixed", "for", "if", "else"),
    *("budget", "search", "train", "data"),
)


def expected_in_words(terminals: Iterable[str], arrow: str) -> str:
    """`a statement`, `a value or \\`)\\`` …: terminals grouped into what a reader would call them."""
    left = set(terminals) - {"SEMICOLON"}
    words: list[str] = []
    if len(left & _VALUES) >= 4:
        words.append("a value")
        left -= _VALUES | {"MINUS"}
    if len(left & _STATEMENTS) >= 4:
        words.append("a statement (`node`, `edge`, `let`, …)")
        left -= _STATEMENTS
    if len(left & _ITEMS) >= 2:
        words.append("`network`, `budget` or a section")
        left -= _ITEMS
    if len(left & _OPERATORS) >= 3:
        left -= _OPERATORS
    words += [_WORDS[t] for t in sorted(left) if t in _WORDS]
    if arrow in left:
        words.append("`->`")
    if "$END" in left and not words:
        words.append("the end of the file")
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _span_of(token: Token, source: Source) -> SourceSpan:
    start = token.start_pos if token.start_pos is not None else len(source.text)
    return SourceSpan(source, start, start + max(1, len(token)))


def from_lark(error: UnexpectedInput, source: Source, arrow: str) -> Diagnostic:
    """The diagnostic for a syntax error; `arrow` is the grammar's name for the terminal `->`."""
    if isinstance(error, UnexpectedCharacters):
        return _bad_character(source, int(error.pos_in_stream or 0))
    assert isinstance(error, UnexpectedToken)
    token: Token = error.token
    expected = expected_in_words(error.accepts or error.expected, arrow)
    caption = f"expected {expected}" if expected else ""
    if token.type == "$END":
        end = len(source.text.rstrip())
        span = SourceSpan(source, max(0, end - 1), end) if end else SourceSpan(source, 0, 0)
        return Diagnostic("BSN101", "unexpected end of the file", span, caption=caption)
    suggestion = did_you_mean(str(token), _KEYWORDS) if token.type == "NAME" and "value" not in expected else None
    is_close = suggestion is not None and suggestion.startswith("did you mean")
    return Diagnostic(
        "BSN101",
        f"unexpected `{token}`",
        _span_of(token, source),
        caption=caption,
        help=suggestion if is_close else None,
    )


def _bad_character(source: Source, offset: int) -> Diagnostic:
    char = source.text[offset]
    span = SourceSpan(source, offset, offset + 1)
    if char == '"':
        return Diagnostic("BSN101", "this string does not end on its line", span, help='close it with `"`')
    shown = f"`{char}`" if char.isprintable() else f"U+{ord(char):04X}"
    help_text = {
        "&": "write `and`",
        "!": "write `not`, or `!=` for unequal",
        "'": 'strings stand in double quotes: `"…"`',
    }
    return Diagnostic("BSN101", f"unexpected character {shown}", span, help=help_text.get(char))


def too_deep(error: NestingTooDeepError, source: Source) -> Diagnostic:
    return Diagnostic("BSN103", f"brackets nest more than {MAX_NESTING} deep", _span_of(error.token, source))
