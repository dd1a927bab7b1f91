"""Weights & Biases: files below the run, for `wandb sync`; sent at once where `WANDB_MODE=online`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bsnc.watch.backend import flat

if TYPE_CHECKING:
    from bsnc.ir import Graph
    from bsnc.train import Probabilities


class Wandb:
    """A run of wandb in the project `bsnc`, or that of `WANDB_PROJECT`."""

    def __init__(self, directory: Path, start: int, key: str | None) -> None:  # noqa: ARG002 — wandb drops earlier steps
        self.key = key or uuid4().hex[:8]
        self._module: Any = import_module("wandb")
        self._run: Any = self._module.init(
            project=os.environ.get("WANDB_PROJECT", "bsnc"),
            name=directory.name,
            dir=str(directory),
            id=self.key,
            resume="allow",
            mode=os.environ.get("WANDB_MODE", "offline"),
        )

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._run.log(dict(values), step=step)

    def gates(self, graph: Graph, probabilities: Probabilities, step: int) -> None:  # noqa: ARG002
        if probabilities:
            self._run.log({"gates/probabilities": self._module.Histogram(flat(probabilities))}, step=step)

    def close(self) -> None:
        self._run.finish()
