"""Devices, processes and precisions by Lightning Fabric."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Sequence
from typing import TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, fx

from bsnc.ir import Hardware
from bsnc.train.machine import Machine

Thing = TypeVar("Thing")


class FabricMachine(Machine):
    """Fabric starts the processes, unless they were started from outside, by torchrun or SLURM; it finds the device of
    each, and brings tensors from one to another.

    Gradients are averaged here and not by torch's DistributedDataParallel: which edges run differs from step to step,
    but not from process to process, so that there is nothing to search for unused weights.
    """

    def __init__(self, hardware: Hardware) -> None:
        """Raises whatever Fabric or torch raise where there is no such hardware."""
        logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="lightning_fabric")
        super().__init__(hardware)
        self.fabric = Fabric(
            accelerator=hardware.device,
            devices=hardware.devices,
            num_nodes=hardware.nodes,
            precision=hardware.precision,
            strategy=DDPStrategy() if hardware.processes > 1 else "auto",
        )
        self.rank, self.device = self.fabric.global_rank, self.fabric.device

    def launch(self) -> None:
        self.fabric.launch()
        self.rank, self.device = self.fabric.global_rank, self.fabric.device
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)

    def close(self) -> None:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()

    def run(self, network: fx.GraphModule, taken: Sequence[Tensor]) -> Tensor:
        with self.fabric.autocast():
            return super().run(network, taken)

    def average(self, gradients: Iterable[Tensor]) -> None:
        tensors = list(gradients)
        if self.processes == 1 or not tensors:
            return
        flat = self.sum(torch.cat([tensor.flatten() for tensor in tensors])) / self.processes
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def gather(self, values: Tensor) -> Tensor:
        if self.processes == 1:
            return values
        return torch.cat(list(self.fabric.all_gather(values)))

    def sum(self, values: Tensor) -> Tensor:
        if self.processes == 1:
            return values
        total = self.fabric.all_reduce(values.to(self.device), reduce_op="sum")
        assert isinstance(total, Tensor)
        return total.to(values.device)

    def any(self, flag: bool) -> bool:
        return bool(self.sum(torch.tensor(float(flag))) > 0)

    def broadcast(self, thing: Thing) -> Thing:
        return thing if self.processes == 1 else self.fabric.broadcast(thing)
