"""Arrays of NumPy in one file. Nothing is unpickled."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bsnc.data.sources.arrays import read_arrays
from bsnc.data.sources.raw import RawSplits, Request, shown, unreadable, unusable
from bsnc.diagnostics import error_in_short
from bsnc.ir import Npz


def read_npz(request: Request) -> RawSplits:
    """Raises Diagnosed (BSN001, BSN501, BSN532)."""
    assert isinstance(request.config.source, Npz)
    path = Path(request.config.source.path)
    try:
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("one array alone, as `np.save` writes it; write several by name, with `np.savez`")
        with file:
            arrays = {key: file[key] for key in file.files}
    except OSError as error:
        raise unreadable(error, shown(path)) from None
    except Exception as error:  # what damaged archives raise has no other base class
        reason = (
            "it holds objects, which would have to be unpickled" if "pickle" in str(error) else error_in_short(error)
        )
        raise unusable(f"no readable file of arrays: {reason}", shown(path)) from None
    return read_arrays(arrays, request, shown(path))
