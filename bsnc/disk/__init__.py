"""Files that are written as a whole or not at all, and directories that one process has for itself."""

from bsnc.disk.lock import LOCK, InUse, locked
from bsnc.disk.write import append, is_temporary, sweep, write_atomically, write_json

__all__ = ["LOCK", "InUse", "append", "is_temporary", "locked", "sweep", "write_atomically", "write_json"]
