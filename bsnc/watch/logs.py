"""The logs of a run: which it has, where each goes on, and what they get."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bsnc.diagnostics import Diagnosed, Diagnostic, error_in_short
from bsnc.disk import write_json
from bsnc.watch.backend import Backend
from bsnc.watch.scalars import scalars_of

if TYPE_CHECKING:
    from bsnc.train import Plan, Probabilities, Row

_NOTES = logging.getLogger("bsnc")
LOGS = "logs.json"
"""In the directory of a run: which logs it has, and the key of each."""
BACKENDS = {"tensorboard": "TensorBoard", "mlflow": "Mlflow", "wandb": "Wandb"}
"""Package → the class of the module of that name here."""


def require_packages(names: Iterable[str]) -> None:
    """Raises Diagnosed (BSN541) where the package of a log is not installed."""
    missing = [name for name in names if not _is_installed(name)]
    if not missing:
        return
    install = " ".join("'bsnc[tensorboard]'" if name == "tensorboard" else name for name in missing)
    message = f"the package `{missing[0]}` is not installed"
    raise Diagnosed(Diagnostic("BSN541", message, subject=f"--log {missing[0]}", help=f"pip install {install}"))


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:  # it is imported, and does not say from where
        return True


def kept_logs(directory: Path) -> dict[str, str]:
    """Logs that a run has, each with its key; those that bsnc knows."""
    try:
        kept = json.loads((directory / LOGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = cast(dict[str, object], kept) if isinstance(kept, dict) else {}
    return {name: key for name, key in known.items() if name in BACKENDS and isinstance(key, str)}


class Logs:
    """Implements `bsnc.train.Progress`: hands what a run tells to the tools that are named.

    The step of a log is the epoch, counted over all phases. A context manager.
    """

    def __init__(self, names: Iterable[str], directory: Path) -> None:
        """Nothing is written into the directory before the run has begun."""
        self._keys: dict[str, str | None] = {**dict.fromkeys(names), **kept_logs(directory)}
        self._directory = directory
        self._backends: dict[str, Backend] = {}
        self._plan: Plan | None = None
        self._before = 0
        self._waiting: list[tuple[int, Probabilities]] = []
        """Gates of a search that was over before it is known where the run goes on."""

    def __enter__(self) -> Logs:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        if error is None and self._plan is not None and self._waiting:
            self._open(self._plan.epochs_before(""))
        self._each(lambda backend: backend.close())

    def begin(self, plan: Plan) -> None:
        self._plan = plan

    def phase(self, name: str, epochs: int, done: int = 0) -> None:
        assert self._plan is not None, "a run tells first what it is going to do"
        self._before = self._plan.epochs_before(name)
        if done < epochs:
            self._open(self._before + done)

    def epoch(self, row: Row) -> None:
        values = scalars_of(row, self._plan.bounds if self._plan else {})
        self._each(lambda backend: backend.scalars(values, self._before + int(str(row["epoch"]))))

    def gates(self, probabilities: Probabilities, epoch: int) -> None:
        self._waiting.append((self._before + epoch, probabilities))
        if self._backends:
            self._hand_out()

    def wait(self, what: str) -> None:
        pass

    def step(self, what: str, done: int, total: int) -> None:
        pass

    def warn(self, diagnostic: Diagnostic) -> None:
        pass

    def _open(self, start: int) -> None:
        """The run goes on at this step; earlier ones were logged before."""
        if self._backends or not self._keys:
            return
        for name, key in self._keys.items():
            self._backends[name] = _made(name, self._directory, start, key)
        write_json(self._directory / LOGS, {name: backend.key for name, backend in self._backends.items()})
        self._waiting = [each for each in self._waiting if each[0] >= start]
        self._hand_out()

    def _hand_out(self) -> None:
        assert self._plan is not None
        graph, waiting, self._waiting = self._plan.graph, self._waiting, []
        for step, probabilities in waiting:
            self._each(lambda backend, s=step, p=probabilities: backend.gates(graph, p, s))

    def _each(self, do: Callable[[Backend], None]) -> None:
        """A tool that fails loses its log; the run goes on."""
        for name, backend in [*self._backends.items()]:
            try:
                do(backend)
            except Exception as error:  # whatever it is, it is the tool's
                del self._backends[name]
                _NOTES.warning("%s fails, its log ends here: %s", name, error_in_short(error))


def _made(name: str, directory: Path, start: int, key: str | None) -> Backend:
    """Raises Diagnosed (BSN541) where the tool refuses."""
    try:
        return getattr(import_module(f"bsnc.watch.{name}"), BACKENDS[name])(directory, start, key)
    except Exception as error:  # whatever it is, it is the tool's
        message = f"{name} keeps no log: {error_in_short(error)}"
        raise Diagnosed(Diagnostic("BSN541", message, subject=f"--log {name}")) from None
