"""Files that are written as a whole or not at all."""

from bsnc.disk.write import is_temporary, sweep, write_atomically, write_json

__all__ = ["is_temporary", "sweep", "write_atomically", "write_json"]
