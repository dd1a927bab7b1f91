"""The syntax of .bsn: text to AST. Knows nothing of names, types or graphs."""

from bsnc.syntax import ast
from bsnc.syntax.literals import UNITS
from bsnc.syntax.parse import deep_recursion, parse_budget, parse_expression, parse_spec

__all__ = ["UNITS", "ast", "deep_recursion", "parse_budget", "parse_expression", "parse_spec"]
