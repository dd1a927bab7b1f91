"""Semantic analysis: names, types, shapes, and the checked program. Torch-free."""

from bsnc.sema.analyse import Analysis, analyse
from bsnc.sema.settings import Overrides

__all__ = ["Analysis", "Overrides", "analyse"]
