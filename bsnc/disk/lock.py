"""One process at a time in a directory, by an advisory lock that ends with its process, however that ends."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # there is none on Windows, which goes without
    fcntl = None

LOCK = ".lock"


class InUse(Exception):  # noqa: N818 — no fault
    """Another process has locked the directory."""


@contextmanager
def locked(directory: Path) -> Generator[None, None, None]:
    """Meanwhile a directory is locked by a file in it, which goes at the end; a process that is killed leaves one that
    locks nothing. File systems that know no locks go without. Raises InUse, OSError."""
    path = directory / LOCK
    handle = _acquired(path)
    try:
        yield
    finally:
        with suppress(OSError):  # the directory may be gone
            path.unlink()
        os.close(handle)


def _acquired(path: Path) -> int:
    """A handle that holds the lock, of the file that has this name now: another process may have let it go."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(handle)
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _lock(handle: int) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse from None
    except OSError:
        pass  # no locks here
