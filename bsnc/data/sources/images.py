"""Encoded images → one uint8 tensor of a split; masks → class numbers. Knows Pillow."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsnc.data.sources.raw import Places, Request, require, unusable
from bsnc.data.sources.room import room
from bsnc.diagnostics import error_in_short

_GREY = ("L", "1", "LA")
_MASKS = ("L", "P", "1", "I", "I;16")
_LOSSY = ("JPEG", "MPO")
_DEEP = ("I", "I;16", "I;16B", "I;16L", "F")


class ImageStack:
    """Takes the images of a split one by one; all have the size of the first, or that of `data.size`.

    `masks` are read as class numbers, the indices of a palette among them, others as 8 bits a channel: in colour where
    the network takes 3 channels, grey where it takes 1, with alpha where it takes 4.
    """

    def __init__(self, rows: int, request: Request, places: Places, masks: bool = False) -> None:
        self.rows, self.places, self.masks = rows, places, masks
        self.kind = request.config.source.kind
        self.pillow: Any = require("PIL.Image", self.kind)
        self.unknown: type[Exception] = require("PIL", self.kind).UnidentifiedImageError
        self.channels = request.channels
        self.size = request.config.size
        self.pixels: NDArray[Any] | None = None
        self.done = 0

    def add(self, contents: Iterable[Callable[[], bytes]]) -> None:
        """The next images, encoded, a few hundred at a time: several are read and decoded at once.

        Raises Diagnosed (BSN532) at the first that is damaged or of another size, and what reading one raises.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for pixels in pool.map(self._decoded, contents, count(self.done)):
                self._put(pixels)

    def _put(self, pixels: NDArray[Any]) -> None:
        if self.pixels is None:
            self.pixels = room((self.rows, *pixels.shape), pixels.dtype)
        if pixels.shape != self.pixels.shape[1:]:
            raise self._other_size(pixels)
        if pixels.dtype.itemsize > self.pixels.itemsize:  # the first mask of many classes
            before, self.pixels = self.pixels, room(self.pixels.shape, pixels.dtype)
            self.pixels[: self.done] = before[: self.done]
        self.pixels[self.done] = pixels
        self.done += 1

    def tensor(self) -> Tensor:
        """uint8 `[N, C, H, W]`; masks `[N, H, W]`, uint8 or int64. Only after the last image, and not without one."""
        assert self.pixels is not None and self.done == self.rows
        return torch.from_numpy(self.pixels)

    def _decoded(self, read: Callable[[], bytes], row: int) -> NDArray[Any]:
        """`[C, H, W]` uint8, or of a mask `[H, W]` uint8 or int64."""
        content = read()
        try:
            with self.pillow.open(io.BytesIO(content)) as image:
                return self._mask(image) if self.masks else self._image(image)
        except _Unfit as unfit:
            raise self.places.bad(row, str(unfit)) from None
        except self.unknown:
            raise self.places.bad(row, "no image of a known format") from None
        except Exception as error:  # what decoders raise on damaged bytes has no other base class
            raise self.places.bad(row, f"no readable image: {error_in_short(error)}") from None

    def _image(self, image: Any) -> NDArray[Any]:
        if image.mode in _DEEP:
            raise _Unfit(f"an image of mode `{image.mode}`, and only 8 bits a channel are read")
        is_grey = image.mode in _GREY
        if self.channels == 1 and not is_grey:
            raise _Unfit("an image in colour, but the network takes 1 channel")
        mode = {1: "L", 3: "RGB", 4: "RGBA"}.get(self.channels or 0, "L" if is_grey else "RGB")
        pixels = np.asarray(self._resized(image.convert(mode), self.pillow.Resampling.BILINEAR))
        return pixels[None] if mode == "L" else pixels.transpose(2, 0, 1)

    def _mask(self, image: Any) -> NDArray[Any]:
        if image.mode not in _MASKS:
            raise _Unfit(f"a mask of mode `{image.mode}`, but it must hold one class number a pixel")
        if image.format in _LOSSY:
            raise _Unfit("a mask in JPEG, which changes pixels and so the classes in them: use PNG")
        pixels = np.asarray(self._resized(image, self.pillow.Resampling.NEAREST))
        return pixels.astype(np.int64 if image.mode in _DEEP else np.uint8)

    def _resized(self, image: Any, how: Any) -> Any:
        if self.size is None or image.size == self.size[::-1]:
            return image
        return image.resize(self.size[::-1], how)

    def _other_size(self, pixels: NDArray[Any]) -> Exception:
        assert self.pixels is not None
        sizes = [f"{shape[-2]}×{shape[-1]}" for shape in (pixels.shape, self.pixels.shape)]
        if sizes[0] == sizes[1]:
            return self.places.bad(self.done, "in colour where the images before it are grey, or the other way round")
        one, all_others = ("a mask", "masks") if self.masks else ("an image", "images")
        message = f"{one} of {sizes[0]} pixels, where the {all_others} before it are of {sizes[1]}"
        return self.places.bad(self.done, message, "`size = [height, width]` in section `data` makes them alike")


class _Unfit(Exception):  # noqa: N818
    """An image that can be decoded but not used."""


def content_of(cell: Any, row: int, places: Places) -> bytes:
    """The encoded image in a cell of a table: bytes, or `{"bytes", "path"}` as the hub writes it. Raises Diagnosed
    (BSN532)."""
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    path = cell.get("path") if isinstance(cell, dict) else None
    if content is None and path:
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                return file.read()
        except (OSError, ValueError) as error:
            raise places.bad(row, f"cannot read image `{path}`: {error_in_short(error)}") from None
    if not isinstance(content, bytes):
        raise places.bad(row, "no image here")
    return content


def check_images_wanted(request: Request, subject: str) -> None:
    """Raises Diagnosed (BSN501) where the network takes no images."""
    if request.channels not in (1, 3, 4):
        shape = ", ".join(map(str, request.shape))
        message = f"the data has images, of 1, 3 or 4 channels, but the network takes examples of shape [{shape}]"
        raise unusable(message, subject)
