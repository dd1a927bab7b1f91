"""What was measured, in the user's cache directory: a JSON file a record. Losing it costs time, nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bsnc.disk import cache_directory, write_atomically
from bsnc.ir import Frozen

FORMAT = "1"
"""Part of every key: a new one leaves all old records behind."""
Record = TypeVar("Record", bound=Frozen)


def load(kind: type[Record], key: Sequence[str]) -> Record | None:
    """The record of a key; None where there is none, or none that can be read."""
    try:
        return kind.model_validate_json(_file(kind, key).read_bytes())
    except (OSError, ValidationError):
        return None


def store(record: Frozen, key: Sequence[str]) -> None:
    """Keep a record; a reader sees the old file or the new one. Where the disk does not let us, it is not kept."""
    file = _file(type(record), key)
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(file, record.model_dump_json(indent=1).encode() + b"\n")


def _file(kind: type[Frozen], key: Sequence[str]) -> Path:
    digest = hashlib.sha256(json.dumps([FORMAT, *key]).encode()).hexdigest()
    return cache_directory() / "latency" / f"{kind.__name__.lower()}-{digest[:40]}.json"
