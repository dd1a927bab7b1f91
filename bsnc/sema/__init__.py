"""Semantic analysis: names, types, shapes, and the checked programs. Torch-free."""

from bsnc.sema.analyse import Analysis, Checked, analyse, no_network
from bsnc.sema.imports import Loader
from bsnc.sema.settings import Overrides

__all__ = ["Analysis", "Checked", "Loader", "Overrides", "analyse", "no_network"]
