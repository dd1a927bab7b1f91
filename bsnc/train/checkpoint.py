"""The state of a phase of training on disk: tensors as safetensors, all else as JSON in its header; one file, so that
both are of one moment. Nothing is unpickled."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from bsnc.diagnostics import Diagnosed, Diagnostic, first_line
from bsnc.disk import write_atomically

HEADER, FORMAT = "bsnc", "bsnc-checkpoint-1"
"""One entry of the header, since the order of several is not fixed."""
State = Mapping[str, Any]
"""Dicts, lists, tensors, numbers, strings, booleans and None, as `state_dict()` of torch's optimisers gives them."""


class Stopped(Exception):  # noqa: N818 — asked for, not a fault
    """A run was asked to stop, and has kept its state; the message says where."""


def _never() -> bool:
    return False


def _own(state: State | None) -> State | None:
    return state


@dataclass(frozen=True)
class Checkpoints:
    """Where the phases of a run keep their states, a file each; nowhere without a directory. `stop` tells whether the
    run was asked to stop. `spread` gives the state that the first of several processes has read to all of them."""

    directory: Path | None = None
    owner: str = ""
    stop: Callable[[], bool] = _never
    spread: Callable[[State | None], State | None] = _own

    def load(self, phase: str) -> State | None:
        """What was kept of a phase, None for nothing. Raises Diagnosed (BSN503)."""
        known = self.directory and load_checkpoint(self._file(self.directory, phase), self.owner)
        return self.spread(known)

    def save(self, phase: str, state: State) -> None:
        """Raises OSError."""
        if self.directory is not None:
            self.directory.mkdir(exist_ok=True)
            save_checkpoint(self._file(self.directory, phase), state, self.owner)

    def forget(self) -> None:
        """Remove them all: the run is over."""
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _file(self, directory: Path, phase: str) -> Path:
        return directory / f"{phase}.safetensors"


def save_checkpoint(path: Path, state: State, owner: str) -> None:
    """Write a state; `owner` tells the runs apart that it belongs to. Raises OSError, TypeError for other values."""
    tensors: dict[str, Tensor] = {}
    header = {"format": FORMAT, "owner": owner, "state": _encode(state, "", tensors)}
    write_atomically(path, save(tensors, {HEADER: json.dumps(header)}))


def load_checkpoint(path: Path, owner: str) -> State | None:
    """The state, on the CPU; None where there is no file.

    Raises Diagnosed (BSN503) for a file that is damaged, foreign, or of another run.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:  # pyright: ignore[reportUnknownVariableType]
            told = cast(dict[str, str], file.metadata() or {}).get(HEADER, "null")
            tensors = {name: cast(Tensor, file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise _refused(path, f"cannot read it: {first_line(error)}") from None
    try:
        return _state_of(path, json.loads(told), tensors, owner)
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(path, f"its header is damaged: {error}") from None


def _state_of(path: Path, header: Any, tensors: Mapping[str, Tensor], owner: str) -> State:
    if not isinstance(header, dict) or cast(State, header).get("format") != FORMAT:
        raise _refused(path, "this is no checkpoint of this version of bsnc")
    if header["owner"] != owner:
        raise _refused(path, "it belongs to another run")
    return cast(State, _decode(header["state"], tensors))


def _encode(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """JSON with tensors replaced by their names; a dict becomes pairs, so that keys may be numbers."""
    if isinstance(value, Tensor):
        while name in tensors:  # keys may have dots
            name += "'"
        tensors[name] = value.detach().to("cpu", copy=True).contiguous()
        return {"tensor": name}
    if isinstance(value, Mapping):
        items = cast(Mapping[object, Any], value).items()
        return {"dict": [[key, _encode(item, f"{name}.{key}" if name else str(key), tensors)] for key, item in items]}
    if isinstance(value, list | tuple):
        return [_encode(item, f"{name}.{i}", tensors) for i, item in enumerate(cast(list[Any], value))]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"the state `{name}` is a {type(value).__name__}")


def _decode(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_decode(item, tensors) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        entry = cast(dict[str, Any], value)
        if "tensor" in entry:
            return tensors[entry["tensor"]]
        return {key: _decode(item, tensors) for key, item in entry["dict"]}
    return value


def generator_state(generator: torch.Generator) -> dict[str, Tensor]:
    """Of a generator of one's own, and of torch's, which dropout uses."""
    return {"own": generator.get_state(), "torch": torch.get_rng_state()}


def restore_generator(generator: torch.Generator, state: Mapping[str, Tensor]) -> None:
    generator.set_state(state["own"])
    torch.set_rng_state(state["torch"])


def _refused(path: Path, message: str) -> Diagnosed:
    help_text = "remove the file to start its phase anew"
    return Diagnosed(Diagnostic("BSN503", message, subject=str(path), help=help_text))
