"""Weights first, under architectures of every size; then a search in which they judge, on examples held out.

So those of many edges, of which samples of learning gates soon draw few, are trained and ranked like the others, and
the search is free in its strategy: an evaluation is a forward pass with the weights that all share (Bender et al., ICML
2018; Guo et al., ECCV 2020).
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, fx
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from bsnc.data import Dataset, Split
from bsnc.ir import Graph, SearchConfig
from bsnc.lower import running_where_single
from bsnc.ops import numel
from bsnc.search import BLACK_BOX, Sample, WideGates, expand_switches
from bsnc.train.checkpoint import Checkpoints, State, Stopped
from bsnc.train.machine import Machine
from bsnc.train.memory import memory_told
from bsnc.train.peers import Judged
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

    def state_dict(self) -> State:
        return {"inconsistent": self.inconsistent, "epoch": self._epoch}

    def load_state_dict(self, state: State) -> None:
        self.inconsistent, self._epoch = state["inconsistent"], state["epoch"]


def hold_out(dataset: Dataset, share: float, generator: torch.Generator) -> tuple[Dataset, Split]:
    """The data set without some of its training examples, at most MOST_HELD_OUT, and these; where it has a split for
    validation all of it, and that split, cut to so many at random."""
    if dataset.validation is not None:
        chosen = torch.randperm(len(dataset.validation), generator=generator)[:MOST_HELD_OUT]
        return dataset, dataset.validation[chosen]
    train, count = dataset.train, held_out_count(dataset, share)
    order = torch.randperm(len(train), generator=generator)
    return replace(dataset, train=train.subset(order[count:])), train[order[:count]]


def held_out_count(dataset: Dataset, share: float) -> int:
    """How many examples `hold_out` gives."""
    if dataset.validation is not None:
        return min(len(dataset.validation), MOST_HELD_OUT)
    return max(1, min(round(share * len(dataset.train)), MOST_HELD_OUT))


EVALUATIONS = "evaluations"
KEEP_EVERY = 30.0
"""Seconds."""


@dataclass
class HeldOutLoss:
    """The mean loss of architectures on examples held out, with shared weights and batch statistics of their
    own, on the CPU. What was judged is kept, and not judged again by a run that goes on. Several processes judge a part
    of the examples each."""

    graph: Graph
    network: fx.GraphModule
    dataset: Dataset
    held: Split
    progress: Progress
    evaluations: int
    checkpoints: Checkpoints = Checkpoints()  # noqa: RUF009 — it is frozen
    machine: Machine = field(default_factory=Machine)
    judged: list[Judged] = field(default_factory=list[Judged])
    done: int = 0

    def __post_init__(self) -> None:
        state = self.checkpoints.load(EVALUATIONS)
        self._known = {} if state is None else dict(zip(map(_key, state["live"]), state["losses"], strict=True))
        self._kept_at = time.monotonic()

    def __call__(self, switches: Tensor, live: Tensor) -> Tensor:
        """`[B, S]` and `[B, E]` → `[B]`; switches that are numbers get a gradient. Raises Stopped."""
        if switches.requires_grad:
            with torch.enable_grad(), batch_statistics(self.network):
                losses = [self._followed(mask) for mask in expand_switches(self.graph, switches)]
        else:
            with torch.no_grad(), batch_statistics(self.network):
                losses = [self._judge(mask) for mask in live]
        self.judged += zip(live, (loss.detach() for loss in losses), strict=True)
        return torch.stack(losses).mean(1)

    def _judge(self, live: Tensor) -> Tensor:
        known = self._known.get(_key(live))
        if known is not None:
            self._advance()
            return known
        self._known[_key(live)] = losses = self._losses(live)
        if self.machine.any(self.checkpoints.stop()):
            self._keep()
            raise Stopped(f"the search, after {len(self._known)} evaluations")
        if time.monotonic() - self._kept_at > KEEP_EVERY:
            self._keep()
        return losses

    def _keep(self) -> None:
        live = [torch.frombuffer(bytearray(key), dtype=torch.bool) for key in self._known]
        self.checkpoints.save(EVALUATIONS, {"live": torch.stack(live), "losses": torch.stack([*self._known.values()])})
        self._kept_at = time.monotonic()

    def _losses(self, mask: Tensor) -> Tensor:
        """Every process judges a part, of which the others have zeros."""
        own = self._groups[self.machine.rank :: self.machine.processes]
        found = [self._of_group(mask, rows).cpu() for rows in own]
        losses = torch.zeros(len(self.held), dtype=found[0].dtype if found else None)
        for rows, part in zip(own, found, strict=True):
            losses[rows] = part
        self._advance()
        return self.machine.sum(losses)

    def _followed(self, mask: Tensor) -> Tensor:
        """Losses through which gradients flow."""
        losses = torch.cat([self._of_group(mask, rows) for rows in self._groups])
        self._advance()
        return losses.cpu()

    @property
    def _groups(self) -> list[slice]:
        size = at_once(self.graph)
        return [slice(start, start + size) for start in range(0, len(self.held), size)]

    def _of_group(self, mask: Tensor, rows: slice) -> Tensor:
        batch = self.held[rows].to(self.machine.device)
        with memory_told(f"judging an architecture, {len(batch)} examples at once"):
            outputs = self.network(self.dataset.normalise(batch.inputs), mask.expand(len(batch), -1))
            return self.dataset.task.losses(outputs, batch.targets)

    def _advance(self) -> None:
        self.done = min(self.done + 1, self.evaluations)
        self.progress.step(EVALUATIONS, self.done, self.evaluations)


def _key(live: Tensor) -> bytes:
    return live.numpy().tobytes()


def at_once(graph: Graph) -> int:
    """How many examples are judged together: what a node holds of all of them stays within NUMBERS_AT_ONCE."""
    largest = max(numel(node.shape) for node in graph.nodes)
    return min(AT_ONCE, max(LEAST_AT_ONCE, NUMBERS_AT_ONCE // largest))


@contextmanager
def batch_statistics(network: fx.GraphModule) -> Generator[None, None, None]:
    """Evaluation mode, but batch norms use the statistics of the batch, where it has more than one value per channel,
    and keep their running ones; then all is as it was."""
    modes = [(module, module.training) for module in network.modules()]
    norms = [(module, module.track_running_stats) for module, _ in modes if isinstance(module, _BatchNorm)]
    network.eval()
    for norm, _ in norms:
        norm.train()
        norm.track_running_stats = False
    try:
        with running_where_single(norm for norm, _ in norms):
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
