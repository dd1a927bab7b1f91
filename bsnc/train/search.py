"""The search of a run, staged or joint: from a program to an architecture within every budget, and shared weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, fx

from bsnc.data import Dataset
from bsnc.diagnostics import Diagnosed, Diagnostic, counted
from bsnc.ir import Program
from bsnc.lower import lower_stochastic
from bsnc.search import (
    GateLearner,
    Gates,
    NothingFeasible,
    Problem,
    Verdict,
    idle_gates,
    judge,
    judge_evaluations,
    minimise,
    project,
    sample_count,
)
from bsnc.train.apart import Judge, set_apart
from bsnc.train.bounds import BudgetTable
from bsnc.train.checkpoint import Checkpoints
from bsnc.train.joint import ApartPolicy, JointPolicy
from bsnc.train.machine import Machine
from bsnc.train.peers import costliest_peer, peers_of
from bsnc.train.progress import Progress, WithGates
from bsnc.train.staged import HeldOutLoss, WidePolicy, gate_settings, hold_out
from bsnc.train.training import Phase, Training


@dataclass(frozen=True)
class Chosen:
    """Live edges `[E]` (bool) of the final architecture; `projected` where the hardened gates did not do. No
    architecture within the budgets has a log probability greater by more than `gap`."""

    live: Tensor
    projected: bool = False
    gap: float = 0.0


@dataclass(frozen=True)
class Searched:
    """What a search leaves: the SS-network with its weights, the architecture chosen, the verdict, what gates learnt
    (None where the strategy has none), costs `[N, K]` of the samples of the last epoch of gates that learn beside the
    weights, how many samples were inconsistent, how many architectures were evaluated, and the numbers of the training
    examples that were the gates' own, if any."""

    network: fx.GraphModule
    chosen: Chosen
    verdict: Verdict
    learner: GateLearner | None
    sampled: Tensor | None
    inconsistent: int
    evaluations: int
    gate_examples: Tensor | None = None

    @property
    def tensors(self) -> dict[str, Tensor]:
        """What is kept beside the weights."""
        logits = None if self.learner is None else self.learner.gates.logits
        found = {"gates.logits": logits, "gates.examples": self.gate_examples}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Search:
    """Searches a program on a data set."""

    program: Program
    dataset: Dataset
    budgets: BudgetTable
    generator: torch.Generator
    progress: Progress
    checkpoints: Checkpoints
    machine: Machine = field(default_factory=Machine)

    def run(self, seed: int) -> Searched:
        """Raises Diagnosed (BSN401 no architecture, BSN501 too few examples, BSN502 divergence), Stopped."""
        network = self.machine.place(lower_stochastic(self.program.graph, seed))
        try:
            return self._joint(network) if self.program.search.mode == "joint" else self._staged(network)
        except FloatingPointError as broken:
            raise Diagnosed(Diagnostic("BSN502", str(broken), subject="train")) from None

    def _joint(self, network: fx.GraphModule) -> Searched:
        policy, dataset, numbers = self._joint_policy(network)
        self._train(dataset, network, policy, WithGates(self.progress, policy.learner.gates.by_name))
        gates = policy.learner.gates
        frozen = gates.thaw()
        gates.close(idle_gates(gates))
        chosen = choose_architecture(gates, self.budgets)
        verdict = replace(judge(gates), frozen_gates=frozen)
        return Searched(network, chosen, verdict, policy.learner, policy.sampled, policy.inconsistent, 0, numbers)

    def _joint_policy(self, network: fx.GraphModule) -> tuple[JointPolicy, Dataset, Tensor | None]:
        """The gates, the data of the weights, and the numbers of the training examples that are for the gates alone."""
        program, share = self.program, self.program.search.split
        if share is None:
            return JointPolicy(program, self.budgets), self.dataset, None
        parts = set_apart(self.dataset, share, program.train.batch_size, self.generator)
        judge = Judge(program, network, self.dataset, parts.gates, self.generator, self.machine)
        return ApartPolicy(program, self.budgets, judge), parts.weights, parts.numbers

    def _staged(self, network: fx.GraphModule) -> Searched:
        search, graph = self.program.search, self.program.graph
        policy = WidePolicy(graph, search.init)
        dataset, held = hold_out(self.dataset, search.held_out, self.generator)
        self._check_rest(len(dataset.train), len(held))
        self._train(dataset, network, policy, self.progress)
        planned = min(search.evaluations, sample_count(graph))
        watch = (self.progress, planned, self.checkpoints, self.machine)
        loss = HeldOutLoss(graph, network, self.dataset, held, *watch)
        seed = int(torch.randint(2**31, (1,), generator=self.generator))
        problem = Problem(graph, loss, self.budgets.limits)
        try:
            found = minimise(problem, search.evaluations, search.strategy, seed, gate_settings(search))
        except NothingFeasible as none:
            raise Diagnosed(Diagnostic("BSN401", str(none), subject="train")) from None
        best = torch.from_numpy(found.architecture.live)
        chosen = Chosen(costliest_peer(best, peers_of(best, loss.judged), self.budgets))
        gates = found.learner.gates if found.learner else None
        if gates is not None:
            self.progress.gates(gates.by_name(), self.program.train.epochs)
        limit = search.evaluations if planned < sample_count(graph) else math.inf  # else all there are were judged
        verdict = judge_evaluations(found.evaluations, limit, found.found_at, gates)
        return Searched(network, chosen, verdict, found.learner, None, policy.inconsistent, found.evaluations)

    def _check_rest(self, rest: int, held: int) -> None:
        """Raises Diagnosed (BSN501) where the examples that are not held out do not fill a batch."""
        if rest < self.program.train.batch_size:
            left = f"{held} of {counted(held + rest, 'training example')} are held out, which leaves {rest}"
            message = f"{left}, fewer than a batch of {self.program.train.batch_size}"
            help_text = "lower `held_out` in section `search`, or `batch_size` in section `train`"
            raise Diagnosed(Diagnostic("BSN501", message, subject="section search", help=help_text))

    def _train(
        self, dataset: Dataset, network: fx.GraphModule, policy: JointPolicy | WidePolicy, progress: Progress
    ) -> None:
        phase = Phase("search", self.program.train.epochs)
        training = Training(self.program, dataset, network, phase, self.generator, policy, machine=self.machine)
        training.run(progress, self.checkpoints)


def choose_architecture(gates: Gates, budgets: BudgetTable) -> Chosen:
    """Harden each gate to its likelier value; where that is over budget or unconnected, project to the most
    probable connected architecture that meets every budget. Raises Diagnosed (BSN401) where none is found."""
    hardened = gates.live(gates.most_probable[None])
    if bool(hardened.any()) and budgets.share_over(budgets.costs(hardened)) == 0:
        return Chosen(hardened[0])
    best = project(gates.graph, gates.logits.double().numpy(), budgets.limits)
    if best.architecture is None:
        none = "no connected architecture meets every budget"
        message = none if best.exact else f"{none}, as far as was searched"
        raise Diagnosed(Diagnostic("BSN401", message, subject="train"))
    return Chosen(torch.from_numpy(best.architecture.live), projected=True, gap=best.gap)
