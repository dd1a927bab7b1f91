"""Sources of examples, one file each: `read_source` finds the reader of a spec's."""

from __future__ import annotations

import warnings

from bsnc.data.sources.checks import check_names, warn_of_idle
from bsnc.data.sources.digits import read_digits
from bsnc.data.sources.extern import read_extern
from bsnc.data.sources.hub import read_hub
from bsnc.data.sources.image_folder import read_image_folder
from bsnc.data.sources.npz import read_npz
from bsnc.data.sources.parquet import read_parquet
from bsnc.data.sources.raw import Places, RawSplit, RawSplits, Reader, Request, unusable

READERS: dict[str, Reader] = {
    "digits": read_digits,
    "hub": read_hub,
    "parquet": read_parquet,
    "image_folder": read_image_folder,
    "npz": read_npz,
    "extern": read_extern,
}
TABLES = ("hub", "parquet")
"""Sources with columns."""

__all__ = ["READERS", "Places", "RawSplit", "RawSplits", "Reader", "Request", "read_source", "unusable"]


def read_source(request: Request) -> RawSplits:
    """The examples of a source; what is suspect is added to the request's warnings. Raises Diagnosed, BSN501 also for a
    key that the source has no use for."""
    config, kind = request.config, request.config.source.kind
    if kind not in TABLES and (config.input is not None or config.label is not None):
        raise unusable(f"`input` and `label` name columns, and source `{kind}` has none")
    if kind not in (*TABLES, "image_folder") and config.size is not None:
        raise unusable(f"`size` is for encoded images, and source `{kind}` has none")
    with warnings.catch_warnings():  # of Pillow, on images that it reads all the same
        warnings.simplefilter("ignore")
        raw = READERS[kind](request)
    check_names(raw)
    warn_of_idle(raw, request)
    return raw
