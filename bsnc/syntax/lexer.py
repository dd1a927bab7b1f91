"""What the lexer must know beyond regular expressions: which `if` opens a statement, and how much text there may be."""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token
from lark.lark import PostLex

MAX_NESTING = 100
MAX_TOKENS = 50_000
_OPENING = {"LPAR", "LSQB"}
_CLOSING = {"RPAR", "RSQB"}
_STATEMENT_STARTS_AFTER = {"LBRACE", "RBRACE", "SEMICOLON", "ELSE"}


class TooLargeError(Exception):
    """The text has more tokens, or deeper brackets, than a spec may have; `token` is the first one too many."""

    def __init__(self, message: str, token: Token) -> None:
        super().__init__(message)
        self.token = token


class GluedWordsError(Exception):
    """A word and what follows it are written without a blank between them, as in `edgeh`."""

    def __init__(self, word: Token, rest: Token) -> None:
        super().__init__(f"{word}{rest}")
        self.word, self.rest = word, rest


class StatementIf(PostLex):
    """Renames the `if` that opens a statement, so that the grammar is LALR(1), and tells words apart.

    `a if c else b` continues an expression; an `if` that comes first on its line, or after `{`, `}`, `;` or
    `else`, outside parentheses and brackets, opens a statement.
    """

    always_accept = ("IF",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        previous: Token | None = None
        brackets = braces = 0
        for count, token in enumerate(stream):
            kind = token.type
            brackets += (kind in _OPENING) - (kind in _CLOSING)
            braces += (kind == "LBRACE") - (kind == "RBRACE")
            if brackets + braces > MAX_NESTING:
                raise TooLargeError(f"brackets nest more than {MAX_NESTING} deep", token)
            if count >= MAX_TOKENS:
                raise TooLargeError(f"the text has more than {MAX_TOKENS:,} words and signs", token)
            if previous is not None and previous.end_pos == token.start_pos and _are_words(previous, token):
                raise GluedWordsError(previous, token)
            if kind == "IF" and brackets <= 0 and _opens_statement(token, previous):
                token = Token.new_borrow_pos("IF_STATEMENT", token.value, token)
            yield token
            previous = token


def _are_words(first: Token, second: Token) -> bool:
    return (first[-1].isalnum() or first[-1] == "_") and (second[0].isalnum() or second[0] == "_")


def _opens_statement(token: Token, previous: Token | None) -> bool:
    if previous is None or previous.type in _STATEMENT_STARTS_AFTER:
        return True
    return previous.end_line is not None and token.line is not None and previous.end_line < token.line
