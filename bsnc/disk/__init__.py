"""Files that are written as a whole or not at all, directories that one process has for itself, and where files lie
that can be made again."""

from bsnc.disk.cache import cache_directory
from bsnc.disk.lock import LOCK, InUse, locked
from bsnc.disk.write import append, is_temporary, sweep, write_atomically, write_json

__all__ = [
    "LOCK",
    "InUse",
    "append",
    "cache_directory",
    "is_temporary",
    "locked",
    "sweep",
    "write_atomically",
    "write_json",
]
