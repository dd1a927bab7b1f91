"""After the search: harden, project, inherit, fine-tune, re-estimate batch statistics, evaluate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from bsnc.cost import Cost
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import Graph, Program
from bsnc.search import Gates, project
from bsnc.train.bounds import limit_of
from bsnc.train.data import Dataset
from bsnc.train.optimise import build_optimiser, build_schedule
from bsnc.train.progress import Progress
from bsnc.train.search_phase import Totals, check_finite, epoch_batches, task_loss


@dataclass(frozen=True)
class Chosen:
    """Live edges `[E]` (bool) of the final architecture; `projected` where the hardened gates did not do. No
    architecture within the budgets has a log probability greater by more than `gap`."""

    live: torch.Tensor
    projected: bool
    gap: float = 0.0

    def edge_names(self, graph: Graph) -> list[str]:
        return [e.name for e, live in zip(graph.edges, self.live.tolist(), strict=True) if live]


@dataclass(frozen=True)
class Evaluation:
    """Accuracy and mean cross-entropy (nats) on the test split."""

    accuracy: float
    loss: float
    examples: int


def choose_architecture(gates: Gates, costs: Sequence[Cost], bounds: Sequence[float]) -> Chosen:
    """Harden each gate to its likelier value; where that is over budget or unconnected, project to the most
    probable connected architecture that meets every budget. Raises Diagnosed (BSN401) where none is found."""
    hardened = gates.live(gates.most_probable[None])
    holds = all(float(cost(hardened)[0]) <= bound for cost, bound in zip(costs, bounds, strict=True))
    if holds and bool(hardened.any()):
        return Chosen(hardened[0], projected=False)
    limits = [limit_of(cost, bound) for cost, bound in zip(costs, bounds, strict=True)]
    best = project(gates.graph, gates.logits.double().numpy().astype(np.float64), limits)
    if best.architecture is None:
        none = "no connected architecture meets every budget"
        message = none if best.exact else f"{none}, as far as was searched"
        raise Diagnosed(Diagnostic("BSN401", message, subject="train"))
    return Chosen(torch.from_numpy(best.architecture.live), projected=True, gap=best.gap)


@dataclass(frozen=True)
class Phase:
    """Training of a plain network: its name in metrics, and its length."""

    name: str
    epochs: int


def train_network(
    program: Program,
    dataset: Dataset,
    network: fx.GraphModule,
    phase: Phase,
    generator: torch.Generator,
    progress: Progress,
) -> None:
    """Train a plain network by the optimiser and schedule of `program.train`, if it has weights, then re-estimate its
    batch norms.

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
            check_finite(losses, phase.name, epoch, totals.steps)
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
