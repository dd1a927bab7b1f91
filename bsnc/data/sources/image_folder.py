"""Images in a folder for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

import torch

from bsnc.data.examples import Split
from bsnc.data.sources.images import ImageStack, check_images_wanted
from bsnc.data.sources.raw import (
    Places,
    RawSplit,
    RawSplits,
    Request,
    by_split,
    shown,
    split_called,
    unreadable,
    unusable,
)
from bsnc.diagnostics import did_you_mean
from bsnc.ir import ImageFolder

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_AT_ONCE = 512
"""Files that are held in memory at once."""
_Labelled = tuple[Path, int]


def read_image_folder(request: Request) -> RawSplits:
    """Class names are those of the folders of the training split, sorted. Raises Diagnosed."""
    assert isinstance(request.config.source, ImageFolder)
    root = Path(request.config.source.path)
    if request.config.target != "class":
        raise unusable(
            f"`image_folder` tells classes, and `target = {request.config.target}` asks for others", shown(root)
        )
    check_images_wanted(request, shown(root))
    folders = _folders(root)
    names = {name: root / name for name in folders}
    splits = {"train": root}
    if any(split_called(name) == "train" for name in folders):
        called = by_split([name for name in folders if split_called(name)], shown(root))
        splits = {split: names[name] for split, name in called.items()}
        others = [name for name in folders if not split_called(name)]
        request.warn_of_unused("folders", others, shown(root), "classes are folders in those of the splits")
    classes = tuple(_folders(splits["train"]))
    if not classes:
        raise unusable("there are no folders of classes", shown(splits["train"]))
    read = {split: _read(folder, classes, request) for split, folder in splits.items()}
    return RawSplits(read["train"], read.get("validation"), read.get("test"), classes, shown(root))


def _folders(root: Path) -> list[str]:
    try:
        return sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError as error:
        raise unreadable(error, shown(root)) from None


def _read(folder: Path, classes: Sequence[str], request: Request) -> RawSplit:
    of_class = _files(folder, classes)
    rows = _in_turn(of_class)
    if not rows:
        raise unusable(f"there are no images ({', '.join(SUFFIXES)}) in its folders", shown(folder))
    empty = [name for name, files in of_class.items() if not files]
    request.warn_of_unused("folders", empty, shown(folder), f"images have names in {', '.join(SUFFIXES)}")
    rows = rows[: request.taken(len(rows))]
    places = Places([(shown(path), 1) for path, _ in rows], numbered=False)
    stack = ImageStack(len(rows), request, places)
    for start in range(0, len(rows), _AT_ONCE):
        stack.add(partial(_content, path) for path, _ in rows[start : start + _AT_ONCE])
    return RawSplit(Split(stack.tensor(), torch.tensor([label for _, label in rows])), places)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(error, shown(path)) from None


def _files(folder: Path, classes: Sequence[str]) -> dict[str, list[_Labelled]]:
    """Images and their classes, by the name of the class."""
    numbers = {name: i for i, name in enumerate(classes)}
    found: dict[str, list[_Labelled]] = {}
    for name in _folders(folder):
        if name not in numbers:
            message = "a folder of a class that the training split does not have"
            raise unusable(message, shown(folder / name), did_you_mean(name, classes))
        paths = (path for path in (folder / name).rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        found[name] = [(path, numbers[name]) for path in sorted(paths)]
    return found


def _in_turn(of_class: Mapping[str, list[_Labelled]]) -> list[_Labelled]:
    """The first of each class, then the second of each, so that the first rows have all."""
    return [row for rows in zip_longest(*of_class.values()) for row in rows if row is not None]
