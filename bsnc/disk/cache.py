"""Where files lie that a user can delete at any time."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """Of bsnc, in the user's directory for such files; it need not exist."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path("~/.cache").expanduser())
    return Path(home) / "bsnc"
