"""After the search: train the network of the architecture, re-estimate batch statistics, evaluate."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from bsnc.ir import Program
from bsnc.train.data import Dataset
from bsnc.train.finite import check_finite
from bsnc.train.optimise import build_optimiser, build_schedule
from bsnc.train.progress import Progress
from bsnc.train.shared_weights import Phase, Totals, batch_name, epoch_batches, task_loss


@dataclass(frozen=True)
class Evaluation:
    """Accuracy and mean cross-entropy (nats) on the test split."""

    accuracy: float
    loss: float
    examples: int


def train_network(
    program: Program,
    dataset: Dataset,
    network: fx.GraphModule,
    phase: Phase,
    generator: torch.Generator,
    progress: Progress,
) -> None:
    """Train the plain network of `program.graph` by the optimiser and schedule of `program.train`, if it has weights,
    then re-estimate its batch norms.

    Raises Diagnosed (BSN502) when the loss is no longer finite.
    """
    if any(parameter.requires_grad for parameter in network.parameters()):
        _learn(program, dataset, network, phase, generator, progress)
    reestimate_batch_norm(network, dataset)


def _learn(
    program: Program,
    dataset: Dataset,
    network: fx.GraphModule,
    phase: Phase,
    generator: torch.Generator,
    progress: Progress,
) -> None:
    config = program.train
    optimiser = build_optimiser(config, network.parameters())
    schedule = build_schedule(config, optimiser, phase.epochs, len(dataset.train) // config.batch_size)
    progress.phase(phase.name, phase.epochs)
    for epoch in range(phase.epochs):
        started, totals = time.monotonic(), Totals()
        network.train()
        for images, labels in epoch_batches(program, dataset, generator, augmented=epoch < phase.epochs - config.clean):
            logits = network(images)
            losses = task_loss(logits, labels, config.label_smoothing)
            check_finite(losses, program.graph, network, (images,), batch_name(phase, epoch, totals))
            optimiser.zero_grad()
            losses.mean().backward()
            optimiser.step()
            schedule.step()
            totals.add(losses.detach(), logits.detach(), labels)
        extra = {"learning_rate": float(schedule.get_last_lr()[0]), "seconds": round(time.monotonic() - started, 3)}
        progress.epoch(totals.row(phase.name, epoch) | extra)


@torch.no_grad()
def reestimate_batch_norm(network: nn.Module, dataset: Dataset, batch_size: int = 256) -> None:
    """Replace running statistics by averages over the training images, not augmented, for this network alone."""
    norms = [m for m in network.modules() if isinstance(m, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    size = min(batch_size, len(dataset.train))
    for start in range(0, len(dataset.train) - size + 1, size):
        network(dataset.normalise(dataset.train.images[start : start + size]))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


@torch.no_grad()
def evaluate(network: nn.Module, dataset: Dataset) -> Evaluation:
    """A network in evaluation mode on the test split."""
    network.eval()
    correct, loss = 0, 0.0
    for images, labels in dataset.test_batches():
        logits = network(images)
        correct += int((logits.argmax(1) == labels).sum())
        loss += float(task_loss(logits, labels, smoothing=0.0).sum())
    return Evaluation(correct / len(dataset.test), loss / len(dataset.test), len(dataset.test))
