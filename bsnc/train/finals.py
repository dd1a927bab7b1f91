"""The final architecture with weights of several origins: those that are exported, and others to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import fx

from bsnc.data import Dataset
from bsnc.ir import Graph, Origin, Program, Whole
from bsnc.lower import copy_weights, lower_static
from bsnc.passes import ApplyArchitecture
from bsnc.train.checkpoint import Checkpoints
from bsnc.train.distill import Distillation, Teacher
from bsnc.train.finish import Evaluation, Mirrored, evaluate, reestimate_batch_norm, train_network
from bsnc.train.machine import Machine
from bsnc.train.progress import Progress
from bsnc.train.training import Phase


@dataclass(frozen=True)
class Final:
    """The network to export, and how it does: with the weights that the search left, as it is exported, with inputs
    mirrored too where section `train` asks for that, and, where it asks, with weights of several origins."""

    graph: Graph
    network: fx.GraphModule
    inherited: Evaluation
    test: Evaluation
    mirrored: Evaluation | None
    compared: Mapping[Origin, Evaluation]


@dataclass(frozen=True)
class Finals:
    """Trains the architecture that a search chose; `searched` is the SS-network that it left, `teacher` the one that
    the spec names, if it is a file."""

    program: Program
    dataset: Dataset
    searched: fx.GraphModule
    live: list[str]
    seed: int
    progress: Progress
    checkpoints: Checkpoints
    teacher: Teacher | None = None
    machine: Machine = field(default_factory=Machine)

    def run(self, generator: torch.Generator) -> Final:
        """Raises Diagnosed (BSN502), Stopped. From scratch, all is drawn from the seed anew: how the search and the
        fine-tuning went makes no difference to it."""
        train = self.program.train
        graph, network = self._inherit()
        wanted, distillation = {*train.compare, train.final}, self._distillation()
        evaluations: dict[Origin, Evaluation] = {"inherited": evaluate(network, self.dataset)}
        if "fine_tuned" in wanted:
            phase = Phase("fine-tune", train.fine_tune, train.clean)
            evaluations["fine_tuned"] = self._train(graph, network, phase, generator, distillation)
        if "from_scratch" in wanted:
            phase = Phase("from-scratch", train.epochs + train.fine_tune, train.clean)
            anew = self.machine.place(lower_static(graph, self.seed))
            generator = torch.Generator().manual_seed(self.seed)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.seed)
                evaluations["from_scratch"] = self._train(graph, anew, phase, generator, distillation)
            network = anew if train.final == "from_scratch" else network
        mirrored = evaluate(Mirrored(network), self.dataset) if train.tta else None
        compared: dict[Origin, Evaluation] = {}
        if train.compare:
            compared = {origin: found for origin, found in evaluations.items() if origin in wanted}
        return Final(graph, network, evaluations["inherited"], evaluations[train.final], mirrored, compared)

    def _inherit(self) -> tuple[Graph, fx.GraphModule]:
        """The graph of the final architecture and its network, with the weights that the search left."""
        whole = self.program.graph
        graph = ApplyArchitecture(self.live).run(whole).graph
        network = self.machine.place(lower_static(graph, self.seed))
        copy_weights(self.searched, whole, network, graph)
        reestimate_batch_norm(network, self.dataset)
        return graph, network

    def _train(
        self,
        graph: Graph,
        network: fx.GraphModule,
        phase: Phase,
        generator: torch.Generator,
        distillation: Distillation | None,
    ) -> Evaluation:
        if phase.epochs:
            plain = self.program.model_copy(update={"graph": graph})
            watch = (self.progress, self.checkpoints)
            train_network(plain, self.dataset, network, phase, generator, *watch, distillation, self.machine)
        return evaluate(network, self.dataset)

    def _distillation(self) -> Distillation | None:
        config = self.program.train.distill
        if config is None:
            return None
        if isinstance(config.teacher, Whole):
            return Distillation(config, whole_network(self.searched, self.program.graph, self.dataset, self.machine))
        assert self.teacher is not None, "the caller provides teachers that are files"
        return Distillation(config, self.teacher)


def whole_network(searched: fx.GraphModule, graph: Graph, dataset: Dataset, machine: Machine) -> fx.GraphModule:
    """The network of all edges, with the weights that a search left and batch statistics of its own, in evaluation
    mode. It draws nothing from torch's generator."""
    network = machine.place(lower_static(graph))
    copy_weights(searched, graph, network, graph)
    with torch.random.fork_rng(devices=[]):
        reestimate_batch_norm(network, dataset)
    return network
