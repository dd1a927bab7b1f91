"""Arrays of NumPy → tensors of examples: types, layouts, classes by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsnc.data.examples import Split
from bsnc.data.sources.precision import warn_of_rounding
from bsnc.data.sources.raw import SPLITS, Places, RawSplit, RawSplits, Request, distinct_names, unusable
from bsnc.diagnostics import counted, did_you_mean

Arrays = Mapping[str, Any]
_LARGEST = 2**31


class Encoder:
    """Classes by number: by the names that a source gives, else, where labels are texts, by those of the first split
    that is read, sorted."""

    def __init__(self, class_names: tuple[str, ...] | None = None) -> None:
        self.class_names = class_names
        self._are_texts: bool | None = None

    def require_kind(self, texts: bool, subject: str) -> None:
        """Raises Diagnosed (BSN501) where labels are texts in one split and numbers in another: which text is which
        number is nowhere said."""
        before, self._are_texts = self._are_texts, texts
        if before is not None and before is not texts:
            now, then = ("texts", "numbers") if texts else ("numbers", "texts")
            raise unusable(f"labels are {now} here, in other splits {then}", subject)

    def encode(self, labels: NDArray[Any], places: Places) -> NDArray[np.int64]:
        """Raises Diagnosed (BSN532) at a text that is none of the classes."""
        texts = [_text(label, row, places) for row, label in enumerate(labels)]
        if self.class_names is None:
            self.class_names = tuple(sorted(set(texts)))
        numbers = {name: i for i, name in enumerate(self.class_names)}
        found = np.array([numbers.get(text, -1) for text in texts], dtype=np.int64)
        if len(unknown := np.flatnonzero(found < 0)):
            text = texts[unknown[0]]
            known = did_you_mean(text, self.class_names)
            raise places.bad(
                int(unknown[0]), f"label `{text}` is none of the {counted(len(numbers), 'class', 'classes')}", known
            )
        return found


def read_arrays(arrays: Arrays, request: Request, name: str) -> RawSplits:
    """`x_train` and `y_train`, and so on, or `x` and `y`; `class_names` beside them. Raises Diagnosed."""
    keys = _keys(arrays, name)
    encoder = Encoder(_class_names(arrays, name))
    read = {split: _split(arrays, x, y, request, name, encoder) for split, (x, y) in keys.items()}
    _warn(arrays, keys, request, name)
    return RawSplits(read["train"], read.get("validation"), read.get("test"), encoder.class_names, name)


def _warn(arrays: Arrays, keys: Mapping[str, tuple[str, str]], request: Request, name: str) -> None:
    used = {"class_names", *(key for pair in keys.values() for key in pair)}
    help_text = "splits are called `x_train` and `y_train`, `x_validation` …, `x_test` …"
    request.warn_of_unused("arrays", [key for key in arrays if key not in used], name, help_text)
    x, y = keys["train"]
    warn_of_rounding(_laid_out(arrays[x], request.shape), request, f"`{x}`", name)
    if request.config.target == "value":
        warn_of_rounding(arrays[y].reshape(len(arrays[y]), -1), request, f"`{y}`", name)


def as_inputs(array: NDArray[Any], request: Request, places: Places) -> Tensor:
    """uint8 images stay as they are, everything else is float32; laid out as the network takes it: channels first, and
    an axis for the only channel. Raises Diagnosed (BSN501)."""
    if array.dtype.kind not in "biuf":
        raise unusable(f"inputs are of type {array.dtype}, and must be numbers", places.parts[0][0])
    laid = _laid_out(array[:, None] if array.ndim == 1 else array, request.shape)
    if laid.dtype == np.uint8 and laid.ndim == 4:
        return torch.from_numpy(np.ascontiguousarray(laid))
    return torch.from_numpy(np.ascontiguousarray(laid, dtype=np.float32))


def as_targets(array: NDArray[Any], request: Request, places: Places, encoder: Encoder) -> Tensor:
    """Classes int64 `[N]`, masks int64 `[N, H, W]`, values float32 `[N, D]`. Raises Diagnosed (BSN501, BSN532)."""
    target, subject = request.config.target, places.parts[0][0]
    if target == "class":
        return torch.from_numpy(_classes(array, places, encoder))
    if array.dtype.kind not in "biuf":
        raise unusable(f"labels are of type {array.dtype}, and must be numbers", subject)
    if target == "mask":
        mask = array[:, 0] if array.ndim == 4 and array.shape[1] == 1 else array
        if mask.ndim != 3:
            raise unusable(f"masks must be of shape [N, height, width], not {list(array.shape)}", subject)
        return torch.from_numpy(mask if mask.dtype == np.uint8 else _integers(mask, places))
    return torch.from_numpy(np.ascontiguousarray(array.reshape(len(array), -1), dtype=np.float32))


def _classes(array: NDArray[Any], places: Places, encoder: Encoder) -> NDArray[np.int64]:
    flat = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if flat.ndim != 1:
        message = f"labels must be one class number for each example, of shape [N], not {list(array.shape)}"
        raise unusable(message, places.parts[0][0])
    encoder.require_kind(flat.dtype.kind in "OUS", places.parts[0][0])
    if flat.dtype.kind in "OUS":
        return encoder.encode(flat, places)
    return _integers(flat, places)


def _text(label: Any, row: int, places: Places) -> str:
    """Raises Diagnosed (BSN532) at what is missing or a number among texts, so that no class is made up of it."""
    if isinstance(label, str):
        return str(label)
    if isinstance(label, bytes):
        return label.decode(errors="backslashreplace")
    raise places.bad(row, f"label `{label}` is no text, where others are")


def _integers(array: NDArray[Any], places: Places) -> NDArray[np.int64]:
    """Raises Diagnosed (BSN532) at a number that is none, so that no class is made up by rounding."""
    if array.dtype.kind not in "biuf":
        raise unusable(f"labels are of type {array.dtype}, and must be class numbers", places.parts[0][0])
    with np.errstate(invalid="ignore"):
        is_class = (array < _LARGEST) & (array > -_LARGEST)
        if array.dtype.kind == "f":
            is_class &= np.floor(array) == array
    if not is_class.all():
        row = int(np.flatnonzero(~is_class.reshape(len(array), -1).all(1))[0])
        raise places.bad(row, "a label that is no class number")
    return np.ascontiguousarray(array, dtype=np.int64)


def _laid_out(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Examples of the shape that the network takes, where they only lack an axis or have channels last."""
    found = array.shape[1:]
    if found == shape or not shape:
        return array
    if shape[0] == 1 and found == shape[1:]:
        return array[:, None]
    if len(shape) == 3 and found == (*shape[1:], shape[0]):
        return array.transpose(0, 3, 1, 2)
    return array


def _keys(arrays: Arrays, name: str) -> dict[str, tuple[str, str]]:
    """Split → the names of its two arrays. Raises Diagnosed (BSN501)."""
    found: dict[str, tuple[str, str]] = {}
    for split, spellings in SPLITS.items():
        ends = [*([""] if split == "train" else []), *(f"_{spelling}" for spelling in spellings)]
        named = [end for end in ends if f"x{end}" in arrays or f"y{end}" in arrays]
        if len(named) > 1:
            spelled = " and ".join(f"`x{end}`" for end in named)
            raise unusable(f"{spelled} are both for split `{split}`: which is meant is not said", name)
        if named:
            found[split] = (f"x{named[0]}", f"y{named[0]}")
    there = ", ".join(f"`{key}`" for key in arrays) or "none"
    pairs = [found.get("train", ("x_train", "y_train")), *found.values()]
    needed = next((key for pair in pairs for key in pair if key not in arrays), None)
    if needed is not None:
        raise unusable(f"there is no array `{needed}`", name, f"there are {there}")
    return found


def _split(arrays: Arrays, x: str, y: str, request: Request, name: str, encoder: Encoder) -> RawSplit:
    inputs, targets = arrays[x], arrays[y]
    if not inputs.ndim or not targets.ndim or len(inputs) != len(targets):
        shapes = [list(array.shape) for array in (inputs, targets)]
        raise unusable(f"`{x}` and `{y}` are of shapes {shapes[0]} and {shapes[1]}: not one label an example", name)
    rows = request.taken(len(inputs))
    if rows == 0:
        raise unusable(f"`{x}` has no rows", name)
    places = Places([(f"{name}: {x}", len(inputs))])
    taken = as_inputs(inputs[:rows], request, places)
    of_labels = Places([(f"{name}: {y}", len(targets))])
    return RawSplit(Split(taken, as_targets(targets[:rows], request, of_labels, encoder)), places, of_labels)


def _class_names(arrays: Arrays, name: str) -> tuple[str, ...] | None:
    if "class_names" not in arrays:
        return None
    names = arrays["class_names"]
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise unusable("`class_names` must be a list of texts", name)
    return distinct_names([str(text) for text in cast("list[str]", names.tolist())], name)
