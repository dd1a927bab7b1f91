"""Semantic analysis: names, types, shapes, and the checked programs. Torch-free."""

from bsnc.sema.accepts import KINDS, field_of, in_words, keys_of, names_in, usage
from bsnc.sema.analyse import Analysis, Checked, analyse, no_network
from bsnc.sema.elaboration.imports import Loader, no_imports
from bsnc.sema.elaboration.nodes import DTYPES
from bsnc.sema.elaboration.raw import AGGREGATIONS, RawEdge, RawNode
from bsnc.sema.expressions.extern import not_allowed
from bsnc.sema.expressions.functions import FUNCTIONS
from bsnc.sema.expressions.parameters import TYPES
from bsnc.sema.settings import Overrides

__all__ = [
    "AGGREGATIONS",
    "DTYPES",
    "FUNCTIONS",
    "KINDS",
    "TYPES",
    "Analysis",
    "Checked",
    "Loader",
    "Overrides",
    "RawEdge",
    "RawNode",
    "analyse",
    "field_of",
    "in_words",
    "keys_of",
    "names_in",
    "no_imports",
    "no_network",
    "not_allowed",
    "usage",
]
