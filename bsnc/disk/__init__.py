"""Files that are written as a whole or not at all, and where those lie that can be made again."""

from bsnc.disk.cache import cache_directory
from bsnc.disk.write import is_temporary, sweep, write_atomically, write_json

__all__ = ["cache_directory", "is_temporary", "sweep", "write_atomically", "write_json"]
