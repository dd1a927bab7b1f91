"""Memory that is freed in one step and asked for in the next."""

from __future__ import annotations

import ctypes
import sys

_TRIM, _MMAP = -1, -3
"""M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's malloc.h."""
_LARGEST = 32 * 2**20
"""Bytes: glibc takes no more on 64-bit machines."""


def keep_freed_memory() -> None:
    """Have glibc keep what the process frees, where there is glibc: otherwise large tensors go back to the kernel after
    each use, and the next one of that size is paid for page by page, a fifth of a step (`benchmarks/steps.py`)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP, _LARGEST)
        mallopt(_TRIM, 2**31 - 1)
