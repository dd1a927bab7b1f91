"""Numbers that are apart as they are stored and alike in float32, in which networks compute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bsnc.data.sources.raw import Request, listed

_EXACT = ("|b1", "|i1", "|u1", "<i2", "<u2", "<f2", "<f4")
"""Types of which float32 holds every number."""
_SAMPLE = 1000
"""Numbers of a feature that are looked at, at even distances."""
_NUMBERS = 4_000_000
"""Numbers of all features together."""


def warn_of_rounding(array: NDArray[Any], request: Request, name: str | Sequence[str], subject: str) -> None:
    """BSN536 where float32 merges numbers of a feature. `name` is what to call the array, or each of its features."""
    lost = merged_features(array)
    if not lost:
        return
    called = [_called(name, feature, array) for feature in lost]
    message = f"numbers of {listed(called)} that differ become equal in float32"
    help_text = "subtract their mean, or scale them, before they are stored or while they are float64"
    request.warn("BSN536", message, subject, help_text)


def _called(name: str | Sequence[str], feature: int, array: NDArray[Any]) -> str:
    if not isinstance(name, str):
        return name[feature]
    return f"feature {feature} of {name}" if array.ndim > 1 and array.shape[1] > 1 else name


def merged_features(array: NDArray[Any]) -> list[int]:
    """The features of `[N]`, `[N, D]` or `[N, C, …]` of whose distinct numbers float32 leaves half or fewer."""
    if array.dtype.newbyteorder("<").str in _EXACT or array.dtype.kind not in "iuf" or not array.size:
        return []
    wide = array[:, None] if array.ndim == 1 else array
    return [k for k in range(wide.shape[1]) if _merges(_sample(wide[:, k], wide.shape[1]))]


def _sample(feature: NDArray[Any], features: int) -> NDArray[Any]:
    """Some numbers of `[N, …]`, of all rows and places alike."""
    count = min(feature.size, _SAMPLE, max(2, _NUMBERS // features))
    places = np.arange(count) * feature.size // count
    return feature[np.unravel_index(places, feature.shape)]


def _merges(numbers: NDArray[Any]) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return 2 * len(np.unique(numbers.astype(np.float32))) <= len(np.unique(numbers))
