"""An average of weights over the steps of training."""

from __future__ import annotations

from typing import cast

from torch import Tensor, fx, nn
from torch.optim.swa_utils import AveragedModel

from bsnc.train.checkpoint import State


class Average:
    """The exponential moving average of a network's weights, with a decay d a step:

    a_t = Σ_{s ≤ t} dᵗ⁻ˢ (1 − d) w_s / (1 − dᵗ),

    the division as in Adam (Kingma & Ba, 2015, section 3), so that the first steps count for what they are. By steps:
    a_t = a_{t−1} + (1 − d) / (1 − dᵗ) · (w_t − a_{t−1}). Without a decay there is none, and the network stays as it is.
    Buffers are not averaged: batch norms have to be re-estimated.
    """

    def __init__(self, network: nn.Module, decay: float | None) -> None:
        self._model = None if decay is None else AveragedModel(network, avg_fn=_Ema(decay))

    def of(self, network: fx.GraphModule) -> fx.GraphModule:
        """The network with averaged weights; the given one where there is no average."""
        return network if self._model is None else cast(fx.GraphModule, self._model.module)

    def update(self, network: nn.Module) -> None:
        """After a step."""
        if self._model is not None:
            self._model.update_parameters(network)

    def write_to(self, network: nn.Module) -> None:
        """After the last step: the network gets the averaged weights."""
        if self._model is not None and int(self._model.n_averaged) > 0:
            network.load_state_dict(self._model.module.state_dict())

    def state_dict(self) -> State:
        return {} if self._model is None else self._model.state_dict()

    def load_state_dict(self, state: State) -> None:
        if self._model is not None:
            self._model.load_state_dict(dict(state))


class _Ema:
    """How torch's AveragedModel updates a weight; the first it copies."""

    def __init__(self, decay: float) -> None:
        self.decay = decay

    def __call__(self, average: Tensor, weight: Tensor, averaged: Tensor | int) -> Tensor:
        share = (1 - self.decay) / (1 - self.decay ** (int(averaged) + 1))
        return average.lerp(weight, share)
