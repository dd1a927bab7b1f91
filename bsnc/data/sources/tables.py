"""Columns of tables, read in batches → examples. Knows pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bsnc.data.examples import Split
from bsnc.data.sources.arrays import Encoder, as_inputs, as_targets
from bsnc.data.sources.columns import Chosen, Column, check_same, choose, columns_of
from bsnc.data.sources.images import ImageStack, check_images_wanted, content_of
from bsnc.data.sources.precision import warn_of_rounding
from bsnc.data.sources.raw import SPLITS, Places, RawSplit, RawSplits, Request, unusable

BATCH = 512
"""Rows that are held as Python objects at once."""


class Table(Protocol):
    """A file of rows, or a part of a data set."""

    @property
    def name(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def schema(self) -> Any: ...
    def batches(self, columns: Sequence[str]) -> Iterator[Any]:
        """pyarrow tables or record batches of at most BATCH rows, in order. Raises Diagnosed."""
        ...


@dataclass(frozen=True)
class Part:
    """The tables of one split, and how many of their rows are read."""

    tables: Sequence[Table]
    places: Places
    rows: int
    is_train: bool = False


def read_tables(splits: Mapping[str, Sequence[Table]], request: Request, name: str) -> RawSplits:
    """The splits of a source, each of several tables of the same columns. Raises Diagnosed."""
    if "train" not in splits:
        raise unusable("there is no training split", name, f"there are {', '.join(splits) or 'none'}")
    first = splits["train"][0]
    chosen = choose(columns_of(first.schema), request, first.name)
    for tables in splits.values():
        for table in tables:
            check_same(columns_of(table.schema), chosen, table.name)
    if chosen.inputs[0].kind == "image":
        check_images_wanted(request, name)
    encoder = Encoder(chosen.targets[0].class_names)
    ordered = {split: splits[split] for split in SPLITS if split in splits}
    parts = {split: _part(tables, request, split == "train") for split, tables in ordered.items()}
    read = {split: _read(part, chosen, request, encoder) for split, part in parts.items()}
    return RawSplits(read["train"], read.get("validation"), read.get("test"), encoder.class_names, name)


def _part(tables: Sequence[Table], request: Request, is_train: bool) -> Part:
    places = Places([(table.name, table.rows) for table in tables])
    rows = request.taken(sum(table.rows for table in tables))
    if rows == 0:
        raise unusable("there are no rows", tables[0].name)
    return Part(tables, places, rows, is_train)


def _read(part: Part, chosen: Chosen, request: Request, encoder: Encoder) -> RawSplit:
    inputs = _gatherer(chosen.inputs, part, request, is_label=False)
    targets = _gatherer(chosen.targets, part, request, is_label=True)
    for start, batch in _rows(part, chosen.names):
        inputs.take(batch, start)
        targets.take(batch, start)
    found, labels = inputs.array(), targets.array()
    if part.is_train:
        _warn_of_rounding(found, chosen.inputs, part, request)
        _warn_of_rounding(labels, chosen.targets if request.config.target == "value" else (), part, request)
    taken = as_inputs(found, request, part.places)
    return RawSplit(Split(taken, as_targets(labels, request, part.places, encoder)), part.places)


def _warn_of_rounding(array: NDArray[Any], columns: Sequence[Column], part: Part, request: Request) -> None:
    names = [f"column `{column.name}`" for column in columns]
    if names:
        warn_of_rounding(array, request, names if len(names) > 1 else names[0], part.tables[0].name)


def _rows(part: Part, names: Sequence[str]) -> Iterator[tuple[int, Any]]:
    """Batches and the number of their first row, until enough are read."""
    start = 0
    for table in part.tables:
        for batch in table.batches(names):
            yield start, batch.slice(0, part.rows - start)
            start += len(batch)
            if start >= part.rows:
                return


class _Gatherer(Protocol):
    def take(self, batch: Any, start: int) -> None: ...
    def array(self) -> NDArray[Any]: ...


def _gatherer(columns: Sequence[Column], part: Part, request: Request, is_label: bool) -> _Gatherer:
    if columns[0].kind == "image":
        return _Images(columns[0].name, part, ImageStack(part.rows, request, part.places, is_label))
    return _Values(columns, part)


@dataclass
class _Images:
    """Decodes a column of images."""

    name: str
    part: Part
    stack: ImageStack

    def take(self, batch: Any, start: int) -> None:
        cells = enumerate(batch.column(self.name).to_pylist(), start)
        self.stack.add(partial(content_of, cell, row, self.part.places) for row, cell in cells)

    def array(self) -> NDArray[Any]:
        return self.stack.tensor().numpy()


class _Values:
    """Gathers columns of numbers, lists of numbers, or texts; several side by side as `[N, D]`."""

    def __init__(self, columns: Sequence[Column], part: Part) -> None:
        self.columns, self.part = columns, part
        self.pieces: list[NDArray[Any]] = []

    def take(self, batch: Any, start: int) -> None:
        found = [self._values(batch.column(column.name), column, start) for column in self.columns]
        piece = found[0] if len(found) == 1 else np.stack(found, 1)
        if self.pieces and self.pieces[0].shape[1:] != piece.shape[1:]:
            shapes = [list(p.shape[1:]) for p in (piece, self.pieces[0])]
            message = f"column `{self.columns[0].name}` has lists of shape {shapes[0]}, before them of {shapes[1]}"
            raise self.part.places.bad(start, message)
        self.pieces.append(piece)

    def array(self) -> NDArray[Any]:
        return np.concatenate(self.pieces)

    def _values(self, column: Any, about: Column, start: int) -> NDArray[Any]:
        array = _whole(column)
        if array.null_count:
            row = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
            raise self.part.places.bad(start + row, f"column `{about.name}` is empty")
        if about.kind == "text":
            return np.array(array.to_pylist(), dtype=object)
        return self._flat(array, about, start)

    def _flat(self, array: Any, about: Column, start: int) -> NDArray[Any]:
        """Lists in lists of equal lengths → one array."""
        shape = [len(array)]
        while about.kind == "numbers" and not _is_plain(array.type):
            lengths = _lengths(array)
            odd = np.flatnonzero(lengths != lengths[:1])
            if len(odd):
                row = int(odd[0]) * shape[0] // len(array)
                raise self.part.places.bad(start + row, _unlike(int(lengths[odd[0]]), int(lengths[0]), about))
            shape.append(int(lengths[0]) if len(lengths) else 0)
            array = array.flatten()
        if array.null_count:
            hole = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
            row = hole * shape[0] // max(1, len(array))
            raise self.part.places.bad(start + row, f"a list in column `{about.name}` has an empty place")
        return _numpy(array).reshape(shape)


def _unlike(length: int, before: int, about: Column) -> str:
    """Lengths of lists; below 0 there is none."""
    if min(length, before) < 0:
        return f"a list in column `{about.name}` has an empty place"
    return f"a list of {length} in column `{about.name}`, where others have {before}"


def _whole(column: Any) -> Any:
    """A column as one array of plain storage."""
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _is_plain(given: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    return not (types.is_list(given) or types.is_large_list(given) or types.is_fixed_size_list(given))


def _lengths(array: Any) -> NDArray[np.int64]:
    import pyarrow.compute

    compute: Any = pyarrow.compute  # its functions are made at import
    return compute.list_value_length(array).fill_null(-1).to_numpy(zero_copy_only=False)


def _numpy(array: Any) -> NDArray[Any]:
    import pyarrow as pa

    if pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    return array.to_numpy(zero_copy_only=False)
