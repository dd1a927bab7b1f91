"""Examples of their own for the gates of a joint search (Liu et al., ICLR 2019, first order), which weights do not know
by heart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, fx

from bsnc.data import Dataset, Split
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import Program
from bsnc.search import Sample, masks_of_sample
from bsnc.train.checkpoint import State
from bsnc.train.finite import check_finite
from bsnc.train.machine import Machine
from bsnc.train.staged import batch_statistics


@dataclass(frozen=True)
class Parts:
    """The data set without the examples of the gates, and these. `numbers` are theirs among the training examples,
    ascending; None where they are the split for validation."""

    weights: Dataset
    gates: Split
    numbers: Tensor | None


def set_apart(dataset: Dataset, share: float, batch: int, generator: torch.Generator) -> Parts:
    """A share of the training examples, at random, for the gates; the split for validation where there is one.

    Raises Diagnosed (BSN501) where either part does not fill a batch.
    """
    if dataset.validation is not None:
        parts = Parts(dataset, dataset.validation, None)
    else:
        train, count = dataset.train, round(share * len(dataset.train))
        order = torch.randperm(len(train), generator=generator)
        own, rest = (rows.sort().values for rows in (order[:count], order[count:]))
        parts = Parts(replace(dataset, train=train.subset(rest)), train.subset(own), own)
    for who, examples in (("weights", parts.weights.train), ("gates", parts.gates)):
        if len(examples) < batch:
            raise Diagnosed(_too_few(dataset, who, len(examples), batch))
    return parts


def examples_of_weights(dataset: Dataset, share: float | None) -> int:
    """How many `set_apart` leaves to the weights; without a share all."""
    count = len(dataset.train)
    return count if share is None or dataset.validation is not None else count - round(share * count)


def _too_few(dataset: Dataset, who: str, count: int, batch: int) -> Diagnostic:
    if dataset.validation is not None:
        left, help_text = f"the split for validation has {count} examples", "remove `split` from section `search`"
    else:
        left = f"`split` leaves {count} of {len(dataset.train)} training examples"
        help_text = "change `split` in section `search`"
    message = f"{left} for the {who}, fewer than a batch of {batch}"
    help_text = f"{help_text}, or lower `batch_size` in section `train`"
    return Diagnostic("BSN501", message, subject="section search", help=help_text)


@dataclass
class Judge:
    """Losses of samples on examples of the gates, batch by batch in an order drawn anew whenever whole batches run out.

    Examples are as they are, without augmentation; the network is in evaluation mode but for batch norms, which take
    the statistics of the batch. It and its running statistics stay as they are. Several processes judge a part each.
    """

    program: Program
    network: fx.GraphModule
    dataset: Dataset
    examples: Split
    generator: torch.Generator
    machine: Machine = field(default_factory=Machine)
    seed: int = 0
    """Of the order."""
    place: int = 0
    """In the order, of the next batch; at 0 the order is drawn."""
    _order: Tensor | None = None

    def __call__(self, sample: Sample, epochs: float) -> Tensor:
        """The loss of each row of a sample, `[B]`, on an example each, after so many epochs. That of relaxed samples is
        differentiated back to their leaf. Raises Diagnosed (BSN502)."""
        batch = self._next(len(sample.switches))
        own = self.machine.own(len(batch))
        taken = (self.dataset.normalise(batch.inputs[own]), masks_of_sample(self.program.graph, sample))
        with torch.set_grad_enabled(sample.leaf is not None), batch_statistics(self.network):
            outputs = self.machine.run(self.network, taken)
            losses = self.dataset.task.losses(outputs, batch.targets[own])
            where = f"a batch of the gates, epoch {int(epochs) + 1}"
            told = self.machine.gather(losses.detach()).cpu()
            check_finite(told, self.program.graph, self.network, taken, where, self.machine)
            if sample.leaf is not None:
                self._differentiate(losses, sample.leaf)
        return told

    def _differentiate(self, losses: Tensor, leaf: Tensor) -> None:
        losses.mean().backward(inputs=[leaf])
        assert leaf.grad is not None, "relaxed masks of a loss"
        self.machine.average([leaf.grad])

    def _next(self, size: int) -> Split:
        """The next examples."""
        if self.place == 0:
            self.seed, self._order = int(torch.randint(2**31, (1,), generator=self.generator)), None
        if self._order is None:
            self._order = torch.randperm(len(self.examples), generator=torch.Generator().manual_seed(self.seed))
        rows = self._order[self.place : self.place + size]
        self.place += size
        if self.place + size > len(self.examples):
            self.place = 0
        return self.examples[rows].to(self.machine.device)

    def state_dict(self) -> State:
        return {"seed": self.seed, "place": self.place}

    def load_state_dict(self, state: State) -> None:
        self.seed, self.place, self._order = state["seed"], state["place"], None
