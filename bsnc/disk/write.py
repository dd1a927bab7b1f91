"""Write to a temporary file beside the old one, flush it to the disk, rename it: a reader sees the old content or the
new one, never half of one, and a process that is killed meanwhile leaves the old one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

PART = ".part"


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file, its mode stays, links are followed; or make one. Raises OSError, and then leaves no trace."""
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=PART, dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _copy_mode(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_directory(target.parent)


def write_json(path: Path, data: object) -> None:
    """As indented JSON. Raises OSError."""
    write_atomically(path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


def append(path: Path, content: bytes) -> None:
    """To a file, and on the disk when it returns: what is written later is not there without it. Raises OSError."""
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sweep(directory: Path) -> None:
    """Remove the temporary files that a killed process left in a directory, if there is one."""
    for path in directory.iterdir() if directory.is_dir() else ():
        if is_temporary(path):
            path.unlink(missing_ok=True)


def is_temporary(path: Path) -> bool:
    """Whether a file is one that was to be renamed."""
    return path.name.startswith(".") and path.name.endswith(PART)


def _copy_mode(target: Path, temporary: Path) -> None:
    """That of the file that is replaced; of a new one what the process gives to new files."""
    if target.exists():
        shutil.copymode(target, temporary)
        return
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)


def _flush_directory(directory: Path) -> None:
    """So that the new name outlives a power failure too, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
