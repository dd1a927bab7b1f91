"""Weights first, under architectures of every size; then a search in which they judge, on examples held out.

So those of many edges, of which samples of learning gates soon draw few, are trained and ranked like the others, and
the search is free in its strategy: an evaluation is a forward pass with the weights that all share (Bender et al., ICML
2018; Guo et al., ECCV 2020).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, fx
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from bsnc.data import Dataset, Split
from bsnc.ir import Graph, SearchConfig
from bsnc.ops import numel
from bsnc.search import BLACK_BOX, Sample, WideGates, expand_switches
from bsnc.train.bounds import BudgetTable
from bsnc.train.progress import Progress, Row

MOST_HELD_OUT = 2000
AT_ONCE = 500
"""Examples that share batch statistics where architectures are judged; fewer where tensors are large."""
LEAST_AT_ONCE = 32
NUMBERS_AT_ONCE = 2**25
"""Elements of the largest tensor of so many examples."""


class WidePolicy:
    """Architectures of every size; nothing learns."""

    def __init__(self, graph: Graph, greatest: float) -> None:
        self.gates = WideGates(graph, greatest)
        self.inconsistent = 0
        self._epoch = 0

    def sample(self, batch: int, generator: torch.Generator) -> Sample:
        sample = self.gates.sample(batch, generator)
        self._epoch += sample.inconsistent
        return sample

    def learn(self, sample: Sample, losses: Tensor, epochs: float) -> None:
        pass

    def row(self) -> Row:
        inconsistent, self._epoch = self._epoch, 0
        self.inconsistent += inconsistent
        return {"inconsistent_samples": inconsistent}


def hold_out(dataset: Dataset, share: float, generator: torch.Generator) -> tuple[Dataset, Split]:
    """The data set without some of its training examples, at most MOST_HELD_OUT, and these."""
    train = dataset.train
    count = max(1, min(round(share * len(train)), MOST_HELD_OUT))
    order = torch.randperm(len(train), generator=generator)
    return replace(dataset, train=train[order[count:]]), train[order[:count]]


Judged = tuple[Tensor, Tensor]
"""The live edges `[E]` of an architecture and the loss of each example held out, `[N]`."""


@dataclass
class HeldOutLoss:
    """The mean loss of architectures on examples held out, with shared weights and batch statistics of their own."""

    graph: Graph
    network: fx.GraphModule
    dataset: Dataset
    held: Split
    progress: Progress
    evaluations: int
    judged: list[Judged] = field(default_factory=list[Judged])
    done: int = 0

    def __call__(self, switches: Tensor, live: Tensor) -> Tensor:
        """`[B, S]` and `[B, E]` → `[B]`; switches that are numbers get a gradient."""
        relaxed = switches.requires_grad
        masks = expand_switches(self.graph, switches) if relaxed else live
        with torch.set_grad_enabled(relaxed), batch_statistics(self.network):
            losses = [self._losses(mask) for mask in masks]
        self.judged += zip(live, (loss.detach() for loss in losses), strict=True)
        return torch.stack(losses).mean(1)

    def _losses(self, mask: Tensor) -> Tensor:
        size, parts = at_once(self.graph), list[Tensor]()
        for start in range(0, len(self.held), size):
            batch = self.held[start : start + size]
            outputs = self.network(self.dataset.normalise(batch.inputs), mask.expand(len(batch), -1))
            parts.append(self.dataset.task.losses(outputs, batch.targets))
        self.done = min(self.done + 1, self.evaluations)
        self.progress.step("evaluations", self.done, self.evaluations)
        return torch.cat(parts)


def at_once(graph: Graph) -> int:
    """How many examples are judged together: what a node holds of all of them stays within NUMBERS_AT_ONCE."""
    largest = max(numel(node.shape) for node in graph.nodes)
    return min(AT_ONCE, max(LEAST_AT_ONCE, NUMBERS_AT_ONCE // largest))


def peers_of(best: Tensor, judged: Sequence[Judged]) -> Tensor:
    """Live edges `[P, E]` of all architectures judged whose loss exceeds that of `best` `[E]` by no more than the
    standard error of the difference, example by example."""
    rows, losses = (torch.stack(column) for column in zip(*judged, strict=True))
    reference = losses[(rows == best).all(1)][0]
    difference = losses - reference
    error = difference.std(1, correction=0) / len(reference) ** 0.5
    return rows[difference.mean(1) <= error]


def costliest_peer(best: Tensor, peers: Tensor, budgets: BudgetTable) -> Tensor:
    """Of architectures `[P, E]` as good as the best for all that can be told, the one within the budgets that uses most
    of them: losses by shared weights are noisy and put large networks at a disadvantage."""
    costs = budgets.costs(peers)
    if not costs.shape[1]:
        return best
    bounds = torch.tensor(budgets.bounds, dtype=torch.float64)
    used = torch.where((costs <= bounds).all(1), (costs / bounds).sum(1), -torch.inf)
    return peers[int(used.argmax())]


@contextmanager
def batch_statistics(network: fx.GraphModule) -> Generator[None, None, None]:
    """Evaluation mode, but batch norms use the statistics of the batch and keep their running ones; then all is as it
    was."""
    modes = [(module, module.training) for module in network.modules()]
    norms = [(module, module.track_running_stats) for module, _ in modes if isinstance(module, _BatchNorm)]
    network.eval()
    for norm, _ in norms:
        norm.train()
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm, tracks in norms:
            norm.track_running_stats = tracks
        for module, training in modes:
            module.training = training


def gate_settings(search: SearchConfig) -> SearchConfig:
    """Of gates that learn from evaluations: rates and schedules that suit these, all else as the spec says."""
    return BLACK_BOX.model_copy(
        update={"estimator": search.estimator, "explore": search.explore, "penalty": search.penalty}
    )
