"""The syntax of .bsn: text to AST, and AST to text. Knows nothing of names, types or graphs."""

from bsnc.diagnostics import Source
from bsnc.syntax import ast
from bsnc.syntax.build_ast import RESERVED
from bsnc.syntax.literals import UNITS
from bsnc.syntax.parse import deep_recursion, parse_budget, parse_expression, parse_spec


def format_source(source: Source) -> str:
    """See `bsnc.syntax.printing.printer.format_source`. Only who formats imports it."""
    from bsnc.syntax import printing

    return printing.format_source(source)


def print_spec(spec: ast.Spec) -> str:
    """See `bsnc.syntax.printing.printer.print_spec`."""
    from bsnc.syntax import printing

    return printing.print_spec(spec)


__all__ = [
    "RESERVED",
    "UNITS",
    "ast",
    "deep_recursion",
    "format_source",
    "parse_budget",
    "parse_expression",
    "parse_spec",
    "print_spec",
]
