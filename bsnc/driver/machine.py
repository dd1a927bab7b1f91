"""Options of a command → the machine of a run, whose processes work together."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import torch

from bsnc.diagnostics import Diagnosed, Diagnostic, counted
from bsnc.driver.interruption import Interrupted
from bsnc.driver.reuse import reuse_between_steps
from bsnc.ir import Hardware, TrainConfig
from bsnc.train import Machine, open_machine

LOST = ("closed by peer", "reset by peer", "Broken pipe", "Connection refused", "Timed out", "NCCL")
"""What torch's backends say when another process is gone."""


def settle(hardware: Hardware) -> Hardware:
    """What is asked for, as it is here: the device that `auto` stands for; and where torchrun has started processes as
    many as it has started.

    Raises Diagnosed (BSN508 where it is not here).
    """
    device, devices, nodes = hardware.device, hardware.devices, hardware.nodes
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    started, local = (int(os.environ.get(name, 0)) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    if started and local:  # LOCAL_WORLD_SIZE is torchrun's own
        devices, nodes = local, started // local
    found = torch.cuda.device_count()
    if device == "cuda" and devices > found:
        message = f"{counted(devices, 'CUDA device')} asked for, and torch finds {found} here"
        raise _unusable(message, "`--device cpu` trains without")
    return hardware.model_copy(update={"device": device, "devices": devices, "nodes": nodes})


def machine_of(asked: Hardware, train: TrainConfig) -> Machine:
    """Not launched yet.

    Raises Diagnosed (BSN508 where it is not here, or a batch cannot be split evenly among its processes).
    """
    hardware = settle(asked)
    if train.batch_size % hardware.processes:
        message = f"a batch of {train.batch_size} cannot be split evenly among {hardware.processes} processes"
        raise _unusable(message, "give a `batch_size` in section `train` that is a multiple of them")
    return open_machine(hardware)


@contextmanager
def launched(machine: Machine, directory: Path, threads: int) -> Generator[None, None, None]:
    """Meanwhile the processes of a run work together, with so many threads each. What goes wrong in all of them the
    first one tells.

    Raises Diagnosed (BSN508 where another process is gone).
    """
    machine.launch()
    torch.set_num_threads(threads)
    reuse_between_steps()
    try:
        yield
    except (Diagnosed, Interrupted):
        if machine.is_first:
            raise
        raise SystemExit(0) from None
    except RuntimeError as error:
        if machine.processes == 1 or not any(text in str(error) for text in LOST):
            raise
        if not machine.is_first:
            raise SystemExit(1) from None
        help_text = f"`bsnc train --resume {directory}` goes on where it last saved"
        message = "another process of the run is gone"
        raise Diagnosed(Diagnostic("BSN508", message, subject=str(directory), help=help_text)) from None
    machine.close()


def _unusable(message: str, help_text: str | None = None) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN508", message, subject="train", help=help_text))
