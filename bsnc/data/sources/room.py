"""Room for the examples of a split: in memory, or where they are many in a file that memory is a window of."""

from __future__ import annotations

import os
import shutil
import tempfile
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bsnc.data.sources.raw import unusable
from bsnc.disk import cache_directory

SHARE = 0.25
"""Of the machine's memory: what takes more goes into a file."""


def room(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array of this shape, to be filled. A file has no name, and is gone with the process; it lies in the user's
    directory for caches. Raises Diagnosed (BSN501) where the disk has not so much free."""
    needed = prod(shape) * dtype.itemsize
    if needed <= SHARE * memory():
        return np.empty(shape, dtype)
    directory = cache_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(directory).free
        if needed > free:
            raise _no_room(needed, f"{directory} has {free / 1e9:.1f} GB free")
        with tempfile.TemporaryFile(dir=directory) as file:
            return np.memmap(file, dtype, "w+", shape=shape)
    except OSError as error:
        raise _no_room(needed, f"no file can be written to {directory}: {error.strerror}") from None


def memory() -> float:
    """Bytes of the machine; without limit where it does not tell."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else float("inf")


def _no_room(needed: int, why: str) -> Exception:
    help_text = "read fewer with `limit`, smaller images with `size`, or set XDG_CACHE_HOME to a directory with room"
    return unusable(f"the examples of a split take {needed / 1e9:.1f} GB, and {why}", help_text=help_text)
