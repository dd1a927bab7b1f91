"""Files that are written as a whole or not at all."""

from bsnc.disk.write import append, is_temporary, sweep, write_atomically, write_json

__all__ = ["append", "is_temporary", "sweep", "write_atomically", "write_json"]
