"""Where a run computes: on which device, in how many processes, at which precision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor, fx, nn

from bsnc.data import Dataset
from bsnc.ir import Hardware
from bsnc.lower import execute, own_rows, sharing

Module = TypeVar("Module", bound=nn.Module)
Thing = TypeVar("Thing")


PLAIN = Hardware(device="cpu")


class Machine:
    """One process, on the CPU, in float32; a base of others.

    Several processes do all the same, with the same random numbers, but for the steps of training: each runs its part
    of a batch, and takes losses and gradients from all. So they end where one process would, up to rounding.
    """

    device: torch.device = torch.device("cpu")
    rank: int = 0

    def __init__(self, hardware: Hardware = PLAIN) -> None:
        self.hardware = hardware

    @property
    def processes(self) -> int:
        return self.hardware.processes

    @property
    def is_first(self) -> bool:
        """The process that writes and tells."""
        return self.rank == 0

    def launch(self) -> None:
        """Start the other processes, or meet them. They run the same command."""

    def close(self) -> None:
        """Part from the other processes."""

    def place(self, network: Module) -> Module:
        """The same network, its weights on the device."""
        return network.to(self.device)

    def hold(self, dataset: Dataset) -> Dataset:
        """The data set, its examples on the device if they take less than half of what is free there."""
        held = replace(dataset, mean=dataset.mean.to(self.device), std=dataset.std.to(self.device))
        return held if _bytes(dataset) > self._room / 2 else _moved(held, self.device)

    @property
    def _room(self) -> float:
        """Bytes free on the device."""
        return torch.cuda.mem_get_info(self.device)[0] if self.device.type == "cuda" else torch.inf

    def own(self, batch: int) -> slice:
        """The rows of a batch that this process runs."""
        return own_rows(batch, self.rank, self.processes)

    def sharing(self, network: nn.Module) -> AbstractContextManager[None]:
        """Meanwhile a network that trains sees batches that are spread over the processes."""
        return sharing(network, self.rank, self.processes)

    def run(self, network: fx.GraphModule, taken: Sequence[Tensor]) -> Tensor:
        """What a network gives for what it takes, executed as the hardware says, in float32."""
        return execute(network, taken, self.hardware.execution).float()

    def average(self, gradients: Iterable[Tensor]) -> None:
        """Replace each by its mean over the processes, all of which have the same ones."""

    def gather(self, values: Tensor) -> Tensor:
        """`[b, …]` of this process → `[B, …]` of the batch."""
        return values

    def sum(self, values: Tensor) -> Tensor:
        """Over the processes."""
        return values

    def any(self, flag: bool) -> bool:
        """In any process."""
        return flag

    def broadcast(self, thing: Thing) -> Thing:
        """That of the first process."""
        return thing


def open_machine(hardware: Hardware) -> Machine:
    """Not launched yet. Lightning Fabric, which takes a while to load, is only used where there is need of it."""
    if hardware.model_copy(update={"execution": PLAIN.execution}) == PLAIN:
        return Machine(hardware)
    from bsnc.train.fabric import FabricMachine

    return FabricMachine(hardware)


def _bytes(dataset: Dataset) -> int:
    splits = (split for split in (dataset.train, dataset.test, dataset.validation) if split is not None)
    return sum(split.nbytes for split in splits)


def _moved(dataset: Dataset, device: torch.device) -> Dataset:
    validation = None if dataset.validation is None else dataset.validation.to(device)
    return replace(dataset, train=dataset.train.to(device), test=dataset.test.to(device), validation=validation)
