"""Arrays that a Python function of the user's own returns. Only specs that were allowed to run code get here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from operator import attrgetter
from typing import Any, cast

import numpy as np
from torch import Tensor

from bsnc.data.sources.arrays import read_arrays
from bsnc.data.sources.raw import RawSplits, Request
from bsnc.diagnostics import Diagnosed, Diagnostic, error_in_short
from bsnc.ir import ExternData


def read_extern(request: Request) -> RawSplits:
    """Raises Diagnosed (BSN218 where the function does not work; else as for `npz`)."""
    source = request.config.source
    assert isinstance(source, ExternData)
    package, _, name = source.function.partition(":")
    try:
        found = attrgetter(name)(importlib.import_module(package))(**source.arguments)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise _broken(source, f"it fails: {error_in_short(error)}") from None
    if not isinstance(found, Mapping):
        raise _broken(source, f"it returns an object of type {type(found).__name__}, not arrays by name")
    returned = cast("Mapping[object, Any]", found)
    return read_arrays({str(key): _array(source, str(key), value) for key, value in returned.items()}, request, "data")


def _array(source: ExternData, key: str, value: Any) -> Any:
    try:
        return value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
    except (Exception, SystemExit) as error:
        raise _broken(source, f"`{key}` is no array: {error_in_short(error)}") from None


def _broken(source: ExternData, message: str) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN218", message, subject=f'extern "{source.function}"'))
