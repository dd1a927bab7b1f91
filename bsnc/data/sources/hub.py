"""Data sets of the Hugging Face hub, or of a local directory, read by the package `datasets`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bsnc.data.sources.raw import RawSplits, Request, by_split, require, shown
from bsnc.data.sources.tables import BATCH, read_tables
from bsnc.diagnostics import Diagnosed, Diagnostic, error_in_short
from bsnc.ir import Hub


@dataclass(frozen=True)
class HubTable:
    """A split, its images not decoded."""

    name: str
    split: Any

    @property
    def rows(self) -> int:
        return len(self.split)

    @property
    def schema(self) -> Any:
        return self.split.features.arrow_schema

    def batches(self, columns: Sequence[str]) -> Iterator[Any]:
        yield from self.split.select_columns(list(columns)).with_format("arrow").iter(batch_size=BATCH)


def read_hub(request: Request) -> RawSplits:
    """Raises Diagnosed (BSN534 where it cannot be fetched)."""
    source = request.config.source
    assert isinstance(source, Hub)
    datasets = require("datasets", "hub")
    try:
        datasets.disable_progress_bars()
        loaded = datasets.load_dataset(source.path, name=source.config, revision=source.revision)
    except Exception as error:  # networks, files and builders fail in many ways
        raise _not_loaded(source, error) from None
    splits = cast("Mapping[str, Any]", loaded)
    whole = shown(Path(source.path))
    names = by_split(splits, whole)
    tables = {split: [HubTable(f"{whole}, {name}", splits[name])] for split, name in names.items()}
    others = [name for name in splits if name not in names.values()]
    request.warn_of_unused("splits", others, whole, "they are none for training, validation or test")
    return read_tables(tables, request, whole)


def _not_loaded(source: Hub, error: Exception) -> Diagnosed:
    message = f"the data set cannot be loaded: {error_in_short(error.__cause__ or error)}"
    help_text = "it is written as on the hub, `owner/name`, and fetched when it is first read"
    if source.path[:1] in (".", "/"):
        help_text = "a directory holds files that the package `datasets` reads: CSV, JSON, Parquet, images in folders"
    return Diagnosed(Diagnostic("BSN534", message, subject=shown(Path(source.path)), help=help_text))
