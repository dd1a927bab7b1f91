"""The words of a source, comments and all, and which word of a document each of them is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bsnc.diagnostics import Source
from bsnc.syntax.printing.document import Comment, Token, Word

_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r'|(?P<string>"[^"\n]*")'
    r"|(?P<number>[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?:[^\W\d]\w*|%(?![\w(]))?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\.\.|->|[<>=!]=|//|[^\s\w])"
)
_OPTIONAL = {"(", ")", ",", ";", "{", "}", "else", "with"}
"""What a document may leave out: surplus parentheses, separators, an `else` or `with` that says nothing."""


def tokens(source: Source) -> Iterator[Token]:
    """The words of a text that parses; after the last, one without text that holds the comments of the end."""
    comments: list[Comment] = []
    before = 0
    for match in _TOKEN.finditer(source.text):
        line, column = source.line_column(match.start())
        lines = source.text.count("\n", before, match.start())
        if match.lastgroup == "comment":
            comments.append(Comment(match[0].rstrip(), lines == 0 and before > 0, lines > 1, column))
        else:
            yield Token(match.lastgroup or "", match[0], line, column, tuple(comments), lines > 1)
            comments = []
        before = match.end()
    yield Token("", "", *source.line_column(len(source.text)), tuple(comments))


def attach(document: Iterable[Word], source: Source) -> list[Comment]:
    """Give each word of a document its token; the comments behind the last are returned.

    Comments of a token that the document leaves out go to the next one.
    """
    rest = tokens(source)
    token = next(rest)
    for word in document:
        while not _is_written(word, token):
            assert token.text in _OPTIONAL, f"{token.text!r} where the document has {word.text!r}"
            token = _merged(token, next(rest))
        word.text, word.token = token.text, token
        token = next(rest)
    for following in rest:
        token = _merged(token, following)
    return list(token.comments)


def _is_written(word: Word, token: Token) -> bool:
    return token.kind == "number" if word.is_number else token.text == word.text


def _merged(dropped: Token, token: Token) -> Token:
    comments = dropped.comments + token.comments
    return replace(token, comments=comments, after_blank=dropped.after_blank or token.after_blank)
