"""Compiled kernels of convolutions, which oneDNN keeps for the next one of the same shape."""

from __future__ import annotations

import os

CAPACITY = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
MANY = 2**15
"""Kernels: more than shapes of convolutions, counting the examples of each, that a search meets."""


def keep_compiled_kernels() -> None:
    """Have oneDNN keep more than its 1 024, unless the environment says otherwise: the number of examples of an edge
    differs from step to step, and a fabric of 8 layers meets twice as many shapes. It looks before it compiles the
    first one, and not again."""
    os.environ.setdefault(CAPACITY, str(MANY))
