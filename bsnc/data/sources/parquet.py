"""Parquet files: one, or a directory of shards with a split in each name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from bsnc.data.sources.raw import (
    RawSplits,
    Request,
    require,
    shown,
    split_called,
    unreadable,
    unusable,
)
from bsnc.data.sources.tables import BATCH, read_tables
from bsnc.diagnostics import Diagnosed, error_in_short
from bsnc.ir import Parquet

_FIRST_WORD = re.compile(r"[^\W_]+")


class ParquetTable:
    """A file; it is opened when its rows are first asked for. Raises Diagnosed (BSN001, BSN501)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = shown(path)

    @cached_property
    def file(self) -> Any:
        parquet = require("pyarrow.parquet", "parquet")
        try:
            with self.path.open("rb"):
                return parquet.ParquetFile(self.path)
        except OSError as error:
            raise unreadable(error, self.name) from None
        except Exception as error:  # what pyarrow raises on damaged bytes has no other base class
            raise self._damaged(error) from None

    @property
    def rows(self) -> int:
        return int(self.file.metadata.num_rows)

    @property
    def schema(self) -> Any:
        return self.file.schema_arrow

    def batches(self, columns: Sequence[str]) -> Iterator[Any]:
        try:
            yield from self.file.iter_batches(batch_size=BATCH, columns=list(columns))
        except Diagnosed:
            raise
        except Exception as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> Diagnosed:
        return unusable(f"no readable Parquet file: {error_in_short(error)}", self.name)


def read_parquet(request: Request) -> RawSplits:
    """Raises Diagnosed."""
    assert isinstance(request.config.source, Parquet)
    path = Path(request.config.source.path)
    require("pyarrow", "parquet")
    if not path.is_dir():
        return read_tables({"train": [ParquetTable(path)]}, request, shown(path))
    try:
        files = sorted(file for file in path.iterdir() if file.suffix == ".parquet")
    except OSError as error:
        raise unreadable(error, shown(path)) from None
    splits: dict[str, list[ParquetTable]] = {}
    for file in files:
        word = _FIRST_WORD.match(file.name)
        split = split_called(word[0]) if word else None
        if split is not None:
            splits.setdefault(split, []).append(ParquetTable(file))
    if not splits:
        help_text = "they are called `train-*.parquet`, `validation-*.parquet`, `test-*.parquet`"
        raise unusable("the directory has no Parquet files of splits", shown(path), help_text)
    used = {table.path for tables in splits.values() for table in tables}
    others = [file.name for file in files if file not in used]
    request.warn_of_unused("files", others, shown(path), "a name begins with the split that the file is of")
    return read_tables(splits, request, shown(path))
