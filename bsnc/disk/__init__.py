"""Files that are written as a whole or not at all."""

from bsnc.disk.write import sweep, write_atomically, write_json

__all__ = ["sweep", "write_atomically", "write_json"]
