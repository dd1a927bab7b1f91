"""Lark's errors in the user's words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from bsnc.diagnostics import Diagnostic, Label, Source, SourceSpan, did_you_mean
from bsnc.syntax.hints import KEYWORDS, hint, situation
from bsnc.syntax.lexer import GluedWordsError, TooLargeError

_STATEMENTS = {
    *("INPUT", "OUTPUT", "LET", "BLOCK", "CELL", "NODE", "GATE", "EDGE", "FIXED", "FOR", "IF_STATEMENT"),
}
_ITEMS = {"NETWORK", "BUDGET", "SECTION", "IMPORT", "LET", "BLOCK", "CELL"}
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
    "STRING": 'a string, as in `"text"`',
}
_CLOSED_BY = {"(": "RPAR", "[": "RSQB"}
_WORD, _WORD_BEFORE = re.compile(r"\w"), re.compile(r"[^\W\d]\w*\Z")
_BRACKETS = re.compile(r'#[^\n]*|"[^"\n]*"?|[()\[\]{}]')


def expected_in_words(terminals: Iterable[str], arrow: str) -> str:
    """`a statement`, `a value or \\`)\\`` …: terminals grouped into what a reader would call them."""
    left = set(terminals) - {"SEMICOLON"}
    words: list[str] = []
    if len(left & _VALUES) >= 4:
        words.append("a value")
        left -= _VALUES | {"MINUS"}
    if "EDGE" in left and "NODE" in left:
        words.append("a statement (`node`, `edge`, `let`, …)")
        left -= _STATEMENTS
    if "NETWORK" in left and "BUDGET" in left:
        words.append("`network`, `block`, `cell`, `let`, `import`, `budget` or a section")
        left -= _ITEMS
    if len(left & _OPERATORS) >= 3:
        left -= _OPERATORS
    if left - {"LPAR", "$END"}:
        left -= {"LPAR"}
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
        return _bad_character(source, error.pos_in_stream or 0)
    assert isinstance(error, UnexpectedToken)
    token, accepted = error.token, set(error.accepts or error.expected)
    expected = expected_in_words(accepted, arrow)
    caption = f"expected {expected}" if expected else ""
    if token.type == "$END":
        return _unexpected_end(source, caption)
    span = _span_of(token, source)
    before = _WORD_BEFORE.search(source.text, max(0, span.start - 100), span.start)
    if before is not None and _WORD.match(span.text):
        return _glued(SourceSpan(source, before.start(), before.end()), span)
    opening = _innermost_open(source, span.start)
    is_open = opening is not None and opening.line < span.line and _CLOSED_BY.get(opening.text) in accepted
    return Diagnostic(
        "BSN101",
        f"unexpected `{token}`",
        span,
        caption=caption,
        labels=(Label(opening, "opened here"),) if opening is not None and is_open else (),
        help=hint(situation(source, span.start, str(token), token.type, accepted)),
    )


def _unexpected_end(source: Source, caption: str) -> Diagnostic:
    end = len(source.text.rstrip())
    span = SourceSpan(source, max(0, end - 1), end)
    opening = _innermost_open(source, end)
    if opening is None:
        return Diagnostic("BSN101", "unexpected end of the text", span, caption=caption)
    message = f"the text ends before the `{opening.text}` opened here is closed"
    return Diagnostic("BSN101", message, opening, labels=(Label(span, "the text ends here"),))


def _innermost_open(source: Source, end: int) -> SourceSpan | None:
    """The last bracket before an offset that is not closed there."""
    stack: list[int] = []
    for match in _BRACKETS.finditer(source.text, 0, end):
        if match[0] in "([{":
            stack.append(match.start())
        elif match[0] in ")]}" and stack:
            stack.pop()
    return SourceSpan(source, stack[-1], stack[-1] + 1) if stack else None


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
    invisible = "it is not visible: delete it, or put a blank in its place"
    suggestion = help_text.get(char, None if char.isprintable() else invisible)
    return Diagnostic("BSN101", f"unexpected character {shown}", span, help=suggestion)


def too_large(error: TooLargeError, source: Source) -> Diagnostic:
    return Diagnostic("BSN103", str(error), _span_of(error.token, source))


def glued_words(error: GluedWordsError, source: Source) -> Diagnostic:
    return _glued(_span_of(error.word, source), _span_of(error.rest, source))


def _glued(word: SourceSpan, rest: SourceSpan) -> Diagnostic:
    """Two words without a blank between them: a misspelt one, or one that lacks the blank."""
    span = word.to(rest)
    suggestion = did_you_mean(span.text, KEYWORDS)
    is_close = suggestion is not None and suggestion.startswith("did you mean")
    help_text = suggestion if is_close else f"put a blank between `{word.text}` and `{rest.text}`"
    return Diagnostic("BSN101", f"unexpected `{span.text}`", span, help=help_text)


def not_a_name(token: Token, source: Source) -> Diagnostic:
    message = f"`{token}` is a word of the language and cannot name anything"
    return Diagnostic("BSN101", message, _span_of(token, source))
