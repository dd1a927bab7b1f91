"""TensorBoard: event files below the run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch.utils.tensorboard import SummaryWriter  # pyright: ignore[reportPrivateImportUsage]

from bsnc.report import Painter
from bsnc.watch.backend import flat

if TYPE_CHECKING:
    from bsnc.ir import Graph
    from bsnc.train import Probabilities

FOLDER = "tensorboard"
_BINS = np.linspace(0, 1, 21)


class TensorBoard:
    """Scalars; of gates a histogram, and the graph drawn with its edges as strong as they are likely."""

    def __init__(self, directory: Path, start: int, key: str | None) -> None:  # noqa: ARG002 — it lies in the run
        """In the directory of a run, which goes on at step `start`: what was logged of later ones is void."""
        self.key = FOLDER
        self._writer = SummaryWriter(str(directory / FOLDER), purge_step=start)
        self._painter: Painter | None = None

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def gates(self, graph: Graph, probabilities: Probabilities, step: int) -> None:
        if not probabilities:
            return
        self._painter = self._painter or Painter(graph)
        self._writer.add_histogram("gates/probabilities", np.array(flat(probabilities)), step, bins=_BINS)  # pyright: ignore[reportArgumentType]
        self._writer.add_image("gates/graph", self._painter.paint(probabilities), step, dataformats="HWC")
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
