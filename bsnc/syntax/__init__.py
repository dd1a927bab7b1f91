"""The syntax of .bsn: text to AST, and AST to text. Knows nothing of names, types or graphs."""

from bsnc.syntax import ast
from bsnc.syntax.build_ast import RESERVED
from bsnc.syntax.literals import UNITS
from bsnc.syntax.parse import deep_recursion, parse_budget, parse_expression, parse_spec
from bsnc.syntax.printing import format_source, print_spec

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
