"""The command line. The only package that knows click and rich."""

from bsnc.cli.main import main

__all__ = ["main"]
