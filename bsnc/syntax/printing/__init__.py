"""The canonical layout of specs. Everything here serves `format_source` and `print_spec`."""

from bsnc.syntax.printing.printer import format_source, print_spec

__all__ = ["format_source", "print_spec"]
