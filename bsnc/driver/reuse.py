"""What one step leaves and the next needs again: memory, and compiled kernels."""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM, _MMAP = -1, -3
"""M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's malloc.h."""
_LARGEST = 32 * 2**20
"""Bytes: glibc takes no more on 64-bit machines."""
CAPACITY = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
MANY = 2**15
"""Kernels: more than shapes of convolutions, counting the examples of each, that a search meets."""


def reuse_between_steps() -> None:
    """Once in a process that trains, before its first convolution."""
    _keep_freed_memory()
    _keep_compiled_kernels()


def _keep_freed_memory() -> None:
    """Have glibc keep what the process frees, where there is glibc: otherwise large tensors go back to the kernel after
    each use, and the next one of that size is paid for page by page, a fifth of a step (`benchmarks/steps.py`)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP, _LARGEST)
        mallopt(_TRIM, 2**31 - 1)


def _keep_compiled_kernels() -> None:
    """Have oneDNN keep more than its 1 024, unless the environment says otherwise: the number of examples of an edge
    differs from step to step, and a fabric of 8 layers meets twice as many shapes. It looks before it compiles the
    first one, and not again."""
    os.environ.setdefault(CAPACITY, str(MANY))
