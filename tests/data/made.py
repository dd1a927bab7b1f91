"""Data made for tests, in every form that a source reads; and where real data lie."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from PIL import Image

from bsnc.data import Dataset, load_data
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import DataConfig, Graph
from tests.laws.build import conv, linear, network

REPOSITORY = Path(__file__).parents[2]
CLASSES = ("cat", "dog", "owl")


def real(name: str) -> Path:
    """A directory of real data: below BSNC_DATA where that is set, else in `shared/data` beside the repository. The
    test is skipped where there is none."""
    place = Path(os.environ.get("BSNC_DATA", REPOSITORY.parent / "shared" / "data")) / name
    if not place.is_dir():
        pytest.skip(f"no data set `{name}`: BSNC_DATA names a directory that has it")
    return place


def classifier(shape: tuple[int, ...] = (3, 4, 4), classes: int = 3) -> Graph:
    return network(shape, {"y": []}, [("x", "y", [*(["flatten"] if len(shape) > 1 else []), linear(classes)])])


def segmenter(shape: tuple[int, ...] = (3, 4, 4), classes: int = 3) -> Graph:
    return network(shape, {"y": []}, [("x", "y", [conv(classes)])])


def load(graph: Graph, **config: Any) -> Dataset:
    return load_data(DataConfig(**config), graph)


def mistake(graph: Graph, **config: Any) -> Diagnostic:
    """The only diagnostic of data that cannot be read."""
    with pytest.raises(Diagnosed) as caught:
        load(graph, **config)
    (found,) = caught.value.diagnostics
    return found


def pixels(count: int, size: tuple[int, int] = (4, 4), seed: int = 0) -> np.ndarray:
    """Images `[N, H, W, 3]`."""
    return np.random.default_rng(seed).integers(0, 256, (count, *size, 3), dtype=np.uint8)


def png(image: np.ndarray, mode: str | None = None) -> bytes:
    buffer = io.BytesIO()
    opened = Image.fromarray(image)
    (opened.convert(mode) if mode else opened).save(buffer, "png")
    return buffer.getvalue()


def as_on_the_hub(images: list[bytes]) -> pa.Array:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.array([{"bytes": image, "path": None} for image in images], kind)


def write_table(path: Path, columns: dict[str, Any], class_names: dict[str, tuple[str, ...]] | None = None) -> Path:
    """A Parquet file, with the note that `datasets` leaves where names are given."""
    table = pa.table(columns)
    if class_names:
        features = {name: {"names": names, "_type": "ClassLabel"} for name, names in class_names.items()}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path)
    return path


def write_images(path: Path, count: int = 12, seed: int = 0, size: tuple[int, int] = (4, 4)) -> np.ndarray:
    """A shard of coloured images and classes 0, 1, 2, 0, …; returns the images."""
    images = pixels(count, size, seed)
    columns = {"img": as_on_the_hub([png(image) for image in images]), "label": [i % 3 for i in range(count)]}
    write_table(path, columns, {"label": CLASSES})
    return images


def write_folders(root: Path, counts: dict[str, int], size: tuple[int, int] = (4, 4)) -> None:
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for i, image in enumerate(pixels(count, size, len(name))):
            (root / name / f"{i:03}.png").write_bytes(png(image))
