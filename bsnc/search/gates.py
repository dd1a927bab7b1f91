"""The random gates of an SS-network, with learnt logits, sampled per example."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bsnc.ir import Graph
from bsnc.search.architecture import live_rows
from bsnc.search.program import most_probable

MAX_LOGIT = 8.0
"""Logits stay within ±8 (p within 0.0003 of 0 and 1), so that no gate saturates beyond recall."""
MAX_DRAWS = 100


def expand_switches(graph: Graph, switches: Tensor) -> Tensor:
    """Samples `[B, S]` (bool, or relaxed numbers) → masks `[B, E]`: fixed edges are always kept."""
    with_fixed = torch.cat([switches, switches.new_ones(len(switches), 1)], dim=1)
    return with_fixed[:, [graph.switch_count if s is None else s for s in graph.edge_switches]]


@dataclass(frozen=True)
class Sample:
    """One draw for a batch: switches `[B, S]`, live edges `[B, E]`, both bool, and how many rows had no path from
    input to output when they were first drawn, or drawn again.

    `relaxed` `[B, S]` and `leaf` `[S]` are of a sample through which gradients flow: the same switches as numbers, and
    the logits that get the gradient.
    """

    switches: Tensor
    live: Tensor
    inconsistent: int
    relaxed: Tensor | None = None
    leaf: Tensor | None = None


def masks_of_sample(graph: Graph, sample: Sample) -> Tensor:
    """What an SS-network takes: live edges `[B, E]`, or relaxed masks of a sample through which gradients flow."""
    return sample.live if sample.relaxed is None else expand_switches(graph, sample.relaxed)


class Gates:
    """Independent gates with logits `[S]`, one a switch, on the CPU.

    A Bernoulli gate is on with probability sigmoid(logit); the options of a categorical gate have the softmax of its
    logits. With an exploration floor ε > 0 samples come from the mixture (1 − ε) · p + ε · uniform of each gate.

    `sample` draws from the distribution *given that input and output are connected*: inconsistent rows are
    drawn again. With a baseline that centres the batch the score function needs no correction for that, since
    the shift of the mean is the same for every row.

    Gates that are `frozen`, `[G]` bool, are sampled at their likeliest value with certainty and do not learn. What they
    have learnt stays in their logits.
    """

    def __init__(self, graph: Graph, init: float, explore: float = 0.0) -> None:
        """Every Bernoulli gate at probability `init`, the options of a categorical gate alike."""
        self.graph = graph
        self.explore = explore
        self.frozen = torch.zeros(len(graph.gates), dtype=torch.bool)
        self.owner = torch.tensor([g for g, columns in enumerate(graph.gate_switches) for _ in columns]).long()
        """`[S]`: the gate of each switch."""
        self._groups = [torch.tensor(switches) for switches in _categorical(graph)]
        start = torch.logit(torch.tensor(init, dtype=torch.float64))
        self.logits = torch.full((graph.switch_count,), float(start))
        for group in self._groups:
            self.logits[group] = 0.0

    @property
    def probabilities(self) -> Tensor:
        """`[S]`: of each switch to be on, by the logits alone."""
        p = torch.sigmoid(self.logits)
        for group in self._groups:
            p[group] = torch.softmax(self.logits[group], dim=0)
        return p

    @property
    def chances(self) -> Tensor:
        """`[S]`: of each switch to be on in a sample, by logits and exploration floor."""
        p = self.probabilities
        uniform = torch.full_like(p, 0.5)
        for group in self._groups:
            uniform[group] = 1 / len(group)
        mixed = (1 - self.explore) * p + self.explore * uniform if self.explore else p
        return torch.where(self.is_frozen, self.most_probable.to(p.dtype), mixed)

    @property
    def is_frozen(self) -> Tensor:
        """`[S]` bool: the switch is of a frozen gate."""
        return self.frozen[self.owner]

    @property
    def pinned(self) -> Tensor:
        """Logits `[S]`, float64, in which those of frozen gates outweigh all others: no other value of such a gate is
        likelier, whatever comes with it."""
        most = 2 * MAX_LOGIT * (len(self.logits) + 1)
        certain = torch.where(self.most_probable, most, -most).double()
        return torch.where(self.is_frozen, certain, self.logits.double())

    def score(self, switches: Tensor) -> Tensor:
        """Samples `[B, S]` → ∂ log p(sample) / ∂ logits, `[B, S]`: without a floor it is sample − p; 0 for what is
        frozen."""
        p, q, on = self.probabilities, self.chances, switches.to(self.logits.dtype)
        if not self.explore:
            return (on - p).masked_fill(self.is_frozen, 0.0)
        score = (on - q) * self.sensitivity
        for group in self._groups:
            ratio = ((1 - self.explore) * p / q)[group]
            chosen = (on[:, group] * ratio).sum(1, keepdim=True)
            score[:, group] = chosen * (on[:, group] - p[group])
        return score.masked_fill(self.is_frozen, 0.0)

    @property
    def sensitivity(self) -> Tensor:
        """`[S]`: of a Bernoulli gate ∂ logit(q) / ∂ logit, q being its chance; 1 without an exploration floor, 0 where
        it is frozen."""
        p, q = self.probabilities, self.chances
        return ((1 - self.explore) * p * (1 - p) / (q * (1 - q))).masked_fill(self.is_frozen, 0.0)

    @property
    def most_probable(self) -> Tensor:
        """`[S]` bool: each gate at its likeliest value, a Bernoulli gate at 1/2 off."""
        p = self.probabilities
        chosen = p > 0.5
        for group in self._groups:
            chosen[group] = torch.arange(len(group)) == int(p[group].argmax())
        return chosen

    def sample(self, batch: int, generator: torch.Generator) -> Sample:
        """Draw until every row is consistent, at most MAX_DRAWS times; what is left then is the most probable
        connected architecture."""
        switches = self.draw(batch, generator)
        live = self.live(switches)
        inconsistent = 0
        for _ in range(MAX_DRAWS):
            broken = ~live.any(1)
            count = int(broken.sum())
            if count == 0:
                return Sample(switches, live, inconsistent)
            inconsistent += count
            switches[broken] = self.draw(count, generator)
            live[broken] = self.live(switches[broken])
        live = self.mend(switches, live)
        return Sample(switches, live, inconsistent)

    def draw(self, batch: int, generator: torch.Generator) -> Tensor:
        """Switches `[B, S]`, consistent or not."""
        return self.switches_at(torch.rand(batch, len(self.logits), generator=generator))

    def switches_at(self, uniform: Tensor) -> Tensor:
        """The switches `[B, S]` that uniform numbers `[B, S]` stand for. Of those of a categorical gate only the first
        decides."""
        q = self.chances
        switches = uniform < q
        for group in self._groups:
            chosen = torch.searchsorted(q[group].cumsum(0), uniform[:, group[0]].contiguous(), right=True)
            switches[:, group] = chosen.clamp(max=len(group) - 1)[:, None] == torch.arange(len(group))
        return torch.where(self.is_frozen, self.most_probable, switches)

    def mend(self, switches: Tensor, live: Tensor) -> Tensor:
        """Put the most probable connected architecture, that which agrees with frozen gates, into the rows of switches
        `[B, S]` that are inconsistent: the live edges `[B, E]` then."""
        broken = ~live.any(1)
        best = most_probable(self.graph, self.pinned.numpy(), ())
        assert best is not None, "a feasible program has an architecture"
        switches[broken] = torch.from_numpy(best.switches)
        return self.live(switches)

    def live(self, switches: Tensor) -> Tensor:
        """Samples `[B, S]` → live edges `[B, E]`, both bool."""
        return torch.from_numpy(live_rows(self.graph, switches.numpy()))

    @property
    def groups(self) -> list[Tensor]:
        """Of every categorical gate its switches, int64."""
        return self._groups

    @property
    def is_single(self) -> Tensor:
        """`[S]` bool: the switch is a Bernoulli gate."""
        single = torch.ones(len(self.logits), dtype=torch.bool)
        for group in self._groups:
            single[group] = False
        return single

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
        """A step of plain SGD on logits that are not frozen. `gradient` is that of the expected objective, `[S]`."""
        self.logits.sub_(rate * gradient.masked_fill(self.is_frozen, 0.0)).clamp_(-MAX_LOGIT, MAX_LOGIT)

    def thaw(self) -> int:
        """No gate is frozen any more; how many were."""
        count = int(self.frozen.sum())
        self.frozen = torch.zeros_like(self.frozen)
        return count

    def close(self, idle: Tensor) -> None:
        """Decide the gates marked in `[G]` for their likeliest value, a Bernoulli gate for off."""
        chosen = self.most_probable
        for number, columns in enumerate(self.graph.gate_switches):
            if not idle[number]:
                continue
            on = chosen[columns.start : columns.stop] & (len(columns) > 1)
            self.logits[columns.start : columns.stop] = torch.where(on, MAX_LOGIT, -MAX_LOGIT)


def initial_gates(graph: Graph, init: float, explore: float = 0.0) -> Gates:
    """Gates where a search starts: a Bernoulli gate at the probability of its own, else at `init`; logits within
    ±MAX_LOGIT."""
    gates = Gates(graph, init, explore)
    for gate, switches in zip(graph.gates, graph.gate_switches, strict=True):
        if gate.init is not None:
            gates.logits[switches.start] = torch.logit(torch.tensor(gate.init, dtype=torch.float64))
    gates.logits.clamp_(-MAX_LOGIT, MAX_LOGIT)
    return gates


def _categorical(graph: Graph) -> list[range]:
    pairs = zip(graph.gates, graph.gate_switches, strict=True)
    return [switches for gate, switches in pairs if gate.kind == "categorical"]
