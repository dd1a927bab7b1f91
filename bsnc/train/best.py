"""The weights of the best epoch."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from torch import Tensor, fx

from bsnc.data import Dataset, Split
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import Keep
from bsnc.train.checkpoint import State
from bsnc.train.progress import Row
from bsnc.train.staged import batch_statistics


class Best:
    """Looks at a network on the split for validation and remembers the weights of the least loss; of equal ones the
    earlier."""

    def __init__(self, dataset: Dataset, held: Split) -> None:
        self.dataset, self.held = dataset, held
        self.loss = float("inf")
        self.weights: Mapping[str, Tensor] = {}

    def look(self, network: fx.GraphModule) -> Row:
        """After an epoch; batch norms take the statistics of batches, since others are estimated at the end."""
        with batch_statistics(network):
            tally = self.dataset.tally(network, self.held)
        if tally.mean_loss < self.loss:
            self.loss, self.weights = tally.mean_loss, copy.deepcopy(network.state_dict())
        return {"validation": {"loss": tally.mean_loss, **tally.metrics(self.dataset.task)}}

    def write_to(self, network: fx.GraphModule) -> None:
        """The network gets the weights of the best epoch, if there was one."""
        if self.weights:
            network.load_state_dict(dict(self.weights))

    def state_dict(self) -> State:
        return {"loss": self.loss, "weights": self.weights} if self.weights else {}

    def load_state_dict(self, state: State) -> None:
        if state:
            self.loss, self.weights = state["loss"], state["weights"]


def best_of(keep: Keep, dataset: Dataset) -> Best | None:
    """None where the last weights are kept."""
    if keep == "last":
        return None
    assert dataset.validation is not None, "`check_keep` has looked"
    return Best(dataset, dataset.validation)


def check_keep(keep: Keep, dataset: Dataset) -> None:
    """Raises Diagnosed (BSN501) where the best epoch cannot be told."""
    if keep == "best" and dataset.validation is None:
        message = "`keep = best` needs a split for validation, which the data have not"
        help_text = "set a share of the training examples apart: `data { validation = 10% }`"
        raise Diagnosed(Diagnostic("BSN501", message, subject="section train", help=help_text))
