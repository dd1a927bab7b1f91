"""What every source gives: examples as they are read, and where each lies, for messages."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Protocol

from torch import Tensor

from bsnc.data.examples import Split
from bsnc.diagnostics import Diagnosed, Diagnostic, error_in_short
from bsnc.ir import DataConfig
from bsnc.ops import Shape

SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
"""Names of splits, and how they are found spelled."""


@dataclass(frozen=True)
class Request:
    """What a spec asks for: its section `data`, and the shape of one example that the network takes. Readers add
    `warnings`."""

    config: DataConfig
    shape: Shape
    warnings: list[Diagnostic] = field(default_factory=list[Diagnostic])

    @property
    def channels(self) -> int | None:
        """Of images that the network takes; None where it takes none."""
        return self.shape[0] if len(self.shape) == 3 else None

    def warn(self, code: str, message: str, subject: str, help_text: str | None = None) -> None:
        self.warnings.append(Diagnostic(code, message, subject=subject, help=help_text))

    def warn_of_unused(self, kind: str, names: Sequence[str], subject: str, help_text: str) -> None:
        """BSN535 where there are any, of one kind: arrays, folders."""
        if names:
            called = listed([f"`{name}`" for name in names])
            self.warn("BSN535", f"{kind} that nothing is read from: {called}", subject, help_text)

    def taken(self, rows: int) -> int:
        """How many of so many rows of a split are read."""
        return rows if self.config.limit is None else min(rows, self.config.limit)


@dataclass(frozen=True)
class Places:
    """Where the rows of a split lie, in order: files with so many rows each, or a file for each row."""

    parts: Sequence[tuple[str, int]]
    numbered: bool = True

    def find(self, row: int) -> tuple[str, str]:
        """The file of a row, and what a message on it begins with; rows are counted from 0 in each file."""
        for name, count in self.parts:
            if row < count:
                return name, f"row {row}: " if self.numbered else ""
            row -= count
        raise IndexError(row)

    def bad(self, row: int, message: str, help_text: str | None = None) -> Diagnosed:
        """BSN532 on one row."""
        name, begin = self.find(row)
        return Diagnosed(Diagnostic("BSN532", f"{begin}{message}", subject=name, help=help_text))


@dataclass(frozen=True)
class RawSplit:
    """Inputs, images uint8 `[N, C, H, W]` in 0…255 or numbers float32 `[N, …]`; targets, classes int64 `[N]`, masks of
    class numbers, integers `[N, H, W]`, or values float32 `[N, D]`. Example i lies at row `examples.rows[i]` of the
    places, without `rows` at row i; its label in the same row, of `of_labels` where these lie elsewhere."""

    examples: Split
    places: Places
    of_labels: Places | None = None

    @property
    def inputs(self) -> Tensor:
        return self.examples.inputs

    @property
    def targets(self) -> Tensor:
        return self.examples.targets

    def __len__(self) -> int:
        return len(self.examples)

    def bad(self, example: int, message: str, help_text: str | None = None) -> Diagnosed:
        """BSN532 on one example."""
        return self.places.bad(self._row(example), message, help_text)

    def bad_label(self, example: int, message: str, help_text: str | None = None) -> Diagnosed:
        """BSN532 on the label of one example."""
        return (self.of_labels or self.places).bad(self._row(example), message, help_text)

    def _row(self, example: int) -> int:
        rows = self.examples.rows
        return example if rows is None else int(rows[example])


@dataclass(frozen=True)
class RawSplits:
    """What a source has; None for splits that it does not have, and for classes without names."""

    train: RawSplit
    validation: RawSplit | None = None
    test: RawSplit | None = None
    class_names: tuple[str, ...] | None = None
    name: str = field(default="section data")

    def named(self) -> list[tuple[str, RawSplit]]:
        """The splits that there are, by name."""
        splits = (("train", self.train), ("validation", self.validation), ("test", self.test))
        return [(name, split) for name, split in splits if split is not None]


class Reader(Protocol):
    """Reads a source. Raises Diagnosed for whatever is wrong with it (BSN001, BSN501, BSN531 to BSN534)."""

    def __call__(self, request: Request) -> RawSplits: ...


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names with commas, the first ones of many."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def shown(path: Path) -> str:
    """A path in messages: relative to the current directory where it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def unusable(message: str, subject: str = "section data", help_text: str | None = None) -> Diagnosed:
    """BSN501."""
    return Diagnosed(Diagnostic("BSN501", message, subject=subject, help=help_text))


def unreadable(error: Exception, subject: str) -> Diagnosed:
    """BSN001."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error_in_short(error)
    message, missing = f"cannot read the data: {reason.lower()}", isinstance(error, FileNotFoundError)
    help_text = "the section `data` names them, by a path from the directory of the spec" if missing else None
    return Diagnosed(Diagnostic("BSN001", message, subject=subject, help=help_text))


def split_called(text: str) -> str | None:
    """The split that a name means; None where it means none."""
    return next((split for split, names in SPLITS.items() if text.casefold() in names), None)


def by_split(names: Iterable[str], subject: str) -> dict[str, str]:
    """Split → the one of these names that means it, `train` first; the only name there is means `train`. Raises
    Diagnosed (BSN501) where several mean the same."""
    listed = list(names)
    if len(listed) == 1:
        return {"train": listed[0]}
    found = {split: [name for name in listed if split_called(name) == split] for split in SPLITS}
    several = next(((split, spelled) for split, spelled in found.items() if len(spelled) > 1), None)
    if several is not None:
        split, spelled = several
        listing = " and ".join(f"`{name}`" for name in spelled)
        raise unusable(f"{listing} are both called like split `{split}`: which is meant is not said", subject)
    return {split: spelled[0] for split, spelled in found.items() if spelled}


def distinct_names(names: Sequence[str], subject: str) -> tuple[str, ...]:
    """Names of classes. Raises Diagnosed (BSN501) where there are none, or two alike."""
    if not names:
        raise unusable("the list of class names is empty", subject)
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise unusable(f"two classes are called `{twice}`", subject, "labels and reports could not tell them apart")
    return tuple(names)


def require(package: str, source: str) -> ModuleType:
    """A package of the extra `data`. Raises Diagnosed (BSN531) where it is not installed."""
    try:
        return importlib.import_module(package)
    except ImportError:
        distribution = {"PIL": "pillow"}.get(package.partition(".")[0], package.partition(".")[0])
        message = f"data source `{source}` needs the package `{distribution}`"
        help_text = "pip install 'bsnc[data]'"
        raise Diagnosed(Diagnostic("BSN531", message, subject="section data", help=help_text)) from None
