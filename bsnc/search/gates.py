"""The random gates of an SS-network, with learnt logits, sampled per example."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bsnc.ir import Graph
from bsnc.search.architecture import live_rows, masks_of, most_probable

MAX_LOGIT = 8.0
"""Logits stay within ±8 (p within 0.0003 of 0 and 1), so that no gate saturates beyond recall."""
MAX_DRAWS = 100


def expand_switches(graph: Graph, switches: Tensor) -> Tensor:
    """Samples `[B, S]` (bool) → masks `[B, E]`: fixed edges are always kept."""
    return torch.from_numpy(masks_of(graph, switches.numpy()))


@dataclass(frozen=True)
class Sample:
    """One draw for a batch: switches `[B, S]`, live edges `[B, E]`, and how many rows had to be drawn again."""

    switches: Tensor
    live: Tensor
    redrawn: int


class Gates:
    """Independent gates with logits `[S]`, one a switch, on the CPU.

    A Bernoulli gate is on with probability sigmoid(logit); the options of a categorical gate have the softmax of its
    logits. The gradient of log p(sample) in the logits is sample − p for both.

    Samples are drawn from the distribution *given that input and output are connected*: inconsistent rows are
    drawn again. With a baseline that centres the batch the score function needs no correction for that, since
    the shift of the mean is the same for every row.
    """

    def __init__(self, graph: Graph, init: float) -> None:
        """Bernoulli gates start at probability `init`, the options of a categorical gate alike."""
        self.graph = graph
        self._groups = [torch.tensor(switches) for switches in _categorical(graph)]
        start = torch.logit(torch.tensor(init, dtype=torch.float64))
        self.logits = torch.full((graph.switch_count,), float(start))
        for group in self._groups:
            self.logits[group] = 0.0

    @property
    def probabilities(self) -> Tensor:
        """`[S]`: of each switch to be on."""
        p = torch.sigmoid(self.logits)
        for group in self._groups:
            p[group] = torch.softmax(self.logits[group], dim=0)
        return p

    @property
    def most_probable(self) -> Tensor:
        """`[S]` bool: each gate at its likeliest value, a Bernoulli gate at 1/2 off."""
        p = self.probabilities
        chosen = p > 0.5
        for group in self._groups:
            chosen[group] = torch.arange(len(group)) == int(p[group].argmax())
        return chosen

    def sample(self, batch: int, generator: torch.Generator) -> Sample:
        """Draw until every row is consistent, at most MAX_DRAWS times; what is left then is the whole S-network."""
        switches = self.draw(batch, generator)
        live = self.live(switches)
        redrawn = 0
        for _ in range(MAX_DRAWS):
            broken = ~live.any(1)
            count = int(broken.sum())
            if count == 0:
                return Sample(switches, live, redrawn)
            redrawn += count
            switches[broken] = self.draw(count, generator)
            live[broken] = self.live(switches[broken])
        live = self._mend(switches, live)
        return Sample(switches, live, redrawn)

    def draw(self, batch: int, generator: torch.Generator) -> Tensor:
        """Switches `[B, S]`, consistent or not. Of the uniform numbers of a categorical gate only the first decides."""
        p = self.probabilities
        uniform = torch.rand(batch, len(p), generator=generator)
        switches = uniform < p
        for group in self._groups:
            chosen = torch.searchsorted(p[group].cumsum(0), uniform[:, group[0]].contiguous(), right=True)
            switches[:, group] = chosen.clamp(max=len(group) - 1)[:, None] == torch.arange(len(group))
        return switches

    def _mend(self, switches: Tensor, live: Tensor) -> Tensor:
        """Put the most probable connected architecture into the rows that are still inconsistent."""
        broken = ~live.any(1)
        best = most_probable(self.graph, self.logits.double().numpy(), ())
        assert best is not None, "a feasible program has an architecture"
        switches[broken] = torch.from_numpy(best.switches)
        return self.live(switches)

    def live(self, switches: Tensor) -> Tensor:
        """Samples `[B, S]` → live edges `[B, E]`, both bool."""
        return torch.from_numpy(live_rows(self.graph, switches.numpy()))

    def by_name(self) -> dict[str, float | dict[str, float]]:
        """Gate → probability of keeping, or of each option."""
        p = self.probabilities.tolist()
        return {
            gate.name: dict(zip(gate.options, p[switches.start : switches.stop], strict=True))
            if gate.kind == "categorical"
            else p[switches.start]
            for gate, switches in zip(self.graph.gates, self.graph.gate_switches, strict=True)
        }

    @property
    def certainties(self) -> Tensor:
        """`[G]`: the probability of each gate's likeliest value."""
        p = self.probabilities
        likeliest = torch.maximum(p, 1 - p)
        for group in self._groups:
            likeliest[group] = p[group].max()
        return likeliest[[switches.start for switches in self.graph.gate_switches]]

    def descend(self, gradient: Tensor, rate: float) -> None:
        """A step of plain SGD on the logits. `gradient` is that of the expected objective, `[S]`."""
        self.logits.sub_(rate * gradient).clamp_(-MAX_LOGIT, MAX_LOGIT)


def _categorical(graph: Graph) -> list[range]:
    pairs = zip(graph.gates, graph.gate_switches, strict=True)
    return [switches for gate, switches in pairs if gate.kind == "categorical"]
