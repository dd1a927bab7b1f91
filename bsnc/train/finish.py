"""After the search: train the network of the architecture, re-estimate batch statistics, evaluate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from bsnc.data import Dataset
from bsnc.ir import Program
from bsnc.train.checkpoint import Checkpoints
from bsnc.train.distill import Distillation
from bsnc.train.machine import Machine
from bsnc.train.progress import Progress
from bsnc.train.training import Phase, Training


@dataclass(frozen=True)
class Evaluation:
    """Mean loss and metrics on the test split, the main metric first."""

    loss: float
    examples: int
    metrics: dict[str, float]

    @property
    def main(self) -> float:
        """The metric that tells most."""
        return next(iter(self.metrics.values()))

    def as_json(self) -> dict[str, float]:
        return {**self.metrics, "loss": self.loss, "examples": self.examples}


def train_network(
    program: Program,
    dataset: Dataset,
    network: fx.GraphModule,
    phase: Phase,
    generator: torch.Generator,
    progress: Progress,
    checkpoints: Checkpoints | None = None,
    distillation: Distillation | None = None,
    machine: Machine | None = None,
) -> None:
    """Train the plain network of `program.graph`, which is on the device of the machine, as `program.train` says, if it
    has weights, then re-estimate its batch norms.

    Raises Diagnosed (BSN502) when the loss is no longer finite, Stopped.
    """
    if any(parameter.requires_grad for parameter in network.parameters()):
        training = Training(program, dataset, network, phase, generator, None, distillation, machine)
        training.run(progress, checkpoints)
    reestimate_batch_norm(network, dataset)


@torch.no_grad()
def reestimate_batch_norm(network: nn.Module, dataset: Dataset, batch_size: int = 256) -> None:
    """Replace running statistics by averages over the training inputs, not augmented, for this network alone."""
    norms = [m for m in network.modules() if isinstance(m, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    size = min(batch_size, len(dataset.train))
    for start in range(0, len(dataset.train) - size + 1, size):
        network(dataset.normalise(dataset.train[start : start + size].to(dataset.mean.device).inputs))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def evaluate(network: nn.Module, dataset: Dataset) -> Evaluation:
    """A network in evaluation mode on the test split, batch by batch."""
    tally = dataset.tally(network.eval(), dataset.test)
    return Evaluation(tally.mean_loss, tally.examples, tally.metrics(dataset.task))


class Mirrored(nn.Module):
    """The mean of a network's outputs for images `[B, C, H, W]` and for their mirror images, left to right; outputs
    that are images are mirrored back."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        straight, mirrored = self.network(images), self.network(images.flip(3))
        return (straight + (mirrored.flip(3) if mirrored.ndim == 4 else mirrored)) / 2
