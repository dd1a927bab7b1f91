"""The training loop, of an SS-network, in which every example of a batch runs in an architecture of its own, and of a
plain network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Protocol

import torch
from torch import Tensor, fx

from bsnc.data import Dataset, Split, Tally, Task, augment, batches_of
from bsnc.ir import Program
from bsnc.lower import join_upsampling
from bsnc.search import Sample, masks_of_sample
from bsnc.train.average import Average
from bsnc.train.best import best_of
from bsnc.train.checkpoint import Checkpoints, State, Stopped, generator_state, restore_generator
from bsnc.train.distill import Distillation
from bsnc.train.finite import check_finite, check_weights
from bsnc.train.machine import Machine
from bsnc.train.memory import memory_told_in_step
from bsnc.train.optimise import build_optimiser, build_schedule, clip_gradients
from bsnc.train.progress import Progress, Row


@dataclass(frozen=True)
class Phase:
    """A stretch of training: its name in metrics, its length, and how many of its last epochs are not augmented."""

    name: str
    epochs: int
    clean: int = 0


class Policy(Protocol):
    """Draws the architectures of a batch, and may learn of their losses."""

    def sample(self, batch: int, generator: torch.Generator) -> Sample: ...

    def learn(self, sample: Sample, losses: Tensor, epochs: float) -> None:
        """Losses `[B]` of a sample, after so many epochs."""
        ...

    def row(self) -> Row:
        """Metrics of the epoch that ended."""
        ...

    def state_dict(self) -> State:
        """All that changes."""
        ...

    def load_state_dict(self, state: State) -> None: ...


@dataclass
class Totals(Tally):
    """Sums over the steps of an epoch."""

    def row(self, task: Task, phase: str, epoch: int) -> dict[str, object]:
        return {"phase": phase, "epoch": epoch, "loss": self.mean_loss, **self.metrics(task)}

    def of_all(self, machine: Machine) -> Totals:
        """Those of all processes together, on the CPU."""
        examples = int(machine.sum(torch.tensor(self.examples)))
        return Totals(self.steps, examples, machine.sum(self.loss).cpu(), machine.sum(self.measures).cpu())


class Training:
    """Trains a network, lowered from the graph of `program`, on the training split of a data set.

    With a policy the network is stochastic and takes masks, without one it is plain. `epoch` and `totals.steps` tell
    how far it is; a state that was kept, between any two steps, goes on as if it had never been left. Where a machine
    has several processes, each draws the whole batch and runs its part of it.
    """

    def __init__(
        self,
        program: Program,
        dataset: Dataset,
        network: fx.GraphModule,
        phase: Phase,
        generator: torch.Generator,
        policy: Policy | None = None,
        distillation: Distillation | None = None,
        machine: Machine | None = None,
    ) -> None:
        """The network is on the device of the machine, by default the CPU."""
        self.program, self.dataset, self.network, self.phase = program, dataset, network, phase
        self.generator, self.policy, self.distillation = generator, policy, distillation
        self.machine = machine or Machine()
        self.runs = network if policy else join_upsampling(network)
        """What computes the network: its modules, in code that is faster to train."""
        self.weights = [*network.parameters()]
        self.steps = len(dataset.train) // program.train.batch_size
        self.optimiser = build_optimiser(program.train, network, program.graph)
        self.schedule = build_schedule(program.train, self.optimiser, phase.epochs, self.steps)
        self.average = Average(network, program.train.ema if policy is None else None)
        self.best = best_of("last" if policy else program.train.keep, dataset)
        self.epoch, self.totals = 0, Totals()
        self._order = generator.get_state()
        """Of the generator when the order of this epoch was drawn."""

    def run(self, progress: Progress, checkpoints: Checkpoints | None = None) -> None:
        """The epochs that are left, after what `checkpoints` has of this phase.

        Raises Diagnosed (BSN502) when the loss is no longer finite, Stopped, OSError where a state cannot be kept.
        """
        checkpoints = checkpoints or Checkpoints()
        state = checkpoints.load(self.phase.name)
        if state is not None:
            self.load_state_dict(state)
        progress.phase(self.phase.name, self.phase.epochs, self.epoch)
        with self.machine.sharing(self.network):
            while self.epoch < self.phase.epochs:
                row = self._run_epoch(checkpoints)
                progress.epoch({**row, **self.best.look(self.average.of(self.network))} if self.best else row)
                check_weights(self.network, f"phase {self.phase.name}, epoch {self.epoch}")
                checkpoints.save(self.phase.name, self.state_dict())
        self.average.write_to(self.network)
        if self.best is not None:
            self.best.write_to(self.network)

    def _run_epoch(self, checkpoints: Checkpoints) -> Row:
        started = time.monotonic()
        self.network.train()
        for inputs, targets in self._batches():
            with memory_told_in_step(self, inputs, targets):
                self._step(inputs, targets)
            if self.machine.any(checkpoints.stop()):
                checkpoints.save(self.phase.name, self.state_dict())
                raise Stopped(self._place)
        row = self.totals.of_all(self.machine).row(self.dataset.task, self.phase.name, self.epoch)
        row |= dict(self.policy.row() if self.policy else {})
        self.epoch, self.totals = self.epoch + 1, Totals()
        rate, seconds = self.schedule.rate, round(time.monotonic() - started, 3)
        return row | {"learning_rate": rate, "seconds": seconds}

    @property
    def _place(self) -> str:
        return f"phase {self.phase.name}, epoch {self.epoch + 1}, batch {self.totals.steps}"

    def _step(self, inputs: Tensor, targets: Tensor) -> None:
        """Of a whole batch."""
        sample = self.policy.sample(len(targets), self.generator) if self.policy else None
        own = self.machine.own(len(targets))
        inputs, targets = inputs[own], targets[own]
        taken = (inputs,) if sample is None else (inputs, masks_of_sample(self.program.graph, sample))
        losses, outputs = self._losses(taken, targets)
        epochs = self.epoch + self.totals.steps / self.steps
        self.totals.add(self.dataset.task, losses.detach(), outputs, targets)
        told = self.machine.gather(losses.detach()).cpu()
        check_finite(told, self.program.graph, self.network, taken, self._place, self.machine)
        for weight in self.weights:
            weight.grad = None
        if losses.requires_grad:  # a batch may have drawn nothing that has weights
            losses.mean().backward()
        self._follow_gradients(sample)
        if self.policy is not None and sample is not None:
            self.policy.learn(sample, told, epochs)

    def _losses(self, taken: tuple[Tensor, ...], targets: Tensor) -> tuple[Tensor, Tensor]:
        """Losses `[b]` and outputs of the network, in float32, for what it takes."""
        outputs = self.machine.run(self.runs, taken)
        losses = self.dataset.task.losses(outputs, targets, self.program.train.label_smoothing)
        if self.distillation is not None:
            losses = self.distillation.losses(losses, outputs, taken[0])
        return losses, outputs.detach()

    def _follow_gradients(self, sample: Sample | None) -> None:
        leaf = None if sample is None else sample.leaf
        learning = self.weights if leaf is None else [*self.weights, leaf]
        self.machine.average(weight.grad for weight in learning if weight.grad is not None)
        clip_gradients(self.weights, self.program.train.clip)
        self.optimiser.step()
        self.schedule.step()
        self.average.update(self.network)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Whole batches of normalised inputs and their targets in a fresh random order; the rest waits its turn. In the
        middle of an epoch those that are left."""
        train, size = self.dataset.train, self.program.train.batch_size
        is_clean = self.epoch >= self.phase.epochs - self.phase.clean
        left = self._order_of_epoch(len(train))[self.totals.steps * size : self.steps * size]
        for batch in batches_of(train, left.view(-1, size), self.machine.device):
            if not is_clean:
                batch = self._augmented(batch)
            yield self.dataset.normalise(batch.inputs), batch.targets

    def _augmented(self, batch: Split) -> Split:
        classes = len(self.dataset.class_names) or self.program.graph.output.shape[0]
        return augment(batch, self.program.data.augment, self.dataset.task, classes, self.generator)

    def _order_of_epoch(self, count: int) -> Tensor:
        now = self.generator.get_state()
        if self.totals.steps == 0:
            self._order = now
            return torch.randperm(count, generator=self.generator)
        self.generator.set_state(self._order)
        order = torch.randperm(count, generator=self.generator)
        self.generator.set_state(now)
        return order

    def state_dict(self) -> State:
        """All that changes from step to step."""
        return {
            "epoch": self.epoch,
            "totals": asdict(self.totals.of_all(self.machine)),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.state_dict(),
            "best": self.best.state_dict() if self.best else {},
            "policy": self.policy.state_dict() if self.policy else {},
            "generators": generator_state(self.generator),
            "order": self._order,
        }

    def load_state_dict(self, state: State) -> None:
        """Go on from there."""
        self.epoch, totals = state["epoch"], Totals(**state["totals"])
        self.totals = totals if self.machine.is_first else Totals(totals.steps)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.average.load_state_dict(state["average"])
        if self.best is not None:
            self.best.load_state_dict(state["best"])
        if self.policy is not None:
            self.policy.load_state_dict(state["policy"])
        restore_generator(self.generator, state["generators"])
        self._order = state["order"]
