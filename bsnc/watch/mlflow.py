"""MLflow: scalars to the tracking server, or folder, that its own settings name (`MLFLOW_TRACKING_URI`)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bsnc.ir import Graph
    from bsnc.train import Probabilities


class Mlflow:
    """A run of MLflow, named after the directory of ours."""

    def __init__(self, directory: Path, start: int, key: str | None) -> None:  # noqa: ARG002 — nothing can be taken back
        self._client: Any = import_module("mlflow")
        run = self._client.start_run(run_id=key, run_name=None if key else directory.name)
        self.key = str(run.info.run_id)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._client.log_metrics(dict(values), step=step)

    def gates(self, graph: Graph, probabilities: Probabilities, step: int) -> None:
        """Has no histograms."""

    def close(self) -> None:
        self._client.end_run()
