"""Where memory does not suffice: it is said of what, and which batch would do."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from traceback import clear_frames
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.search import masks_of_sample
from bsnc.train.checkpoint import generator_state, restore_generator

if TYPE_CHECKING:
    from bsnc.train.training import Training

SIGNS = ("out of memory", "not enough memory", "allocate memory", "bad_alloc", "alloc_failed")
"""In the messages of torch's RuntimeError, on CPUs and on other devices."""
SMALLER = "free memory on this machine, or make the network or its inputs smaller"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that no memory was left."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)


@contextmanager
def memory_told(what: str) -> Generator[None, None, None]:
    """Raises Diagnosed (BSN542) in place of an exception that says that no memory was left for `what`."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise Diagnosed(_diagnostic(what, error, SMALLER)) from None


@contextmanager
def memory_told_in_step(training: Training, inputs: Tensor, targets: Tensor) -> Generator[None, None, None]:
    """The same in a step of training on inputs and targets `[B, …]`; halves of the batch are tried, and the first that
    goes through is named."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        clear_frames(error.__traceback__)  # they hold what the step had made
        help_text = _remedy(training, inputs, targets)
        place = f"phase {training.phase.name}, epoch {training.epoch + 1}"
        raise Diagnosed(_diagnostic(f"a batch of {len(targets)} in {place}", error, help_text)) from None


def _remedy(training: Training, inputs: Tensor, targets: Tensor) -> str:
    if training.machine.processes > 1:  # the others have not failed, and do not try
        return "begin a new run with a smaller `--set train.batch_size=…`, or with more processes"
    size = fitting_batch(training, inputs, targets)
    if size:
        return f"a batch of {size} goes through: begin a new run with `--set train.batch_size={size}`"
    return f"not even a batch of one goes through: {SMALLER}"


def fitting_batch(training: Training, inputs: Tensor, targets: Tensor) -> int:
    """The first of the halves, quarters, … of a batch for which a forward and a backward pass find memory, 0 where none
    does. Weights, statistics, gates and generators are as before, gradients are gone."""
    size = len(targets) // 2
    while size and not _goes_through(training, inputs[:size], targets[:size]):
        size //= 2
    return size


def _goes_through(training: Training, inputs: Tensor, targets: Tensor) -> bool:
    if training.machine.device.type == "cuda":
        torch.cuda.empty_cache()
    with _as_before(training):
        try:
            _forward_and_backward(training, inputs, targets)
        except (RuntimeError, MemoryError, ValueError) as error:  # ValueError: too few examples for a batch norm
            clear_frames(error.__traceback__)
            return False
        return True


def _forward_and_backward(training: Training, inputs: Tensor, targets: Tensor) -> None:
    sample = training.policy.sample(len(targets), training.generator) if training.policy else None
    masks = () if sample is None else (masks_of_sample(training.program.graph, sample),)
    outputs = training.machine.run(training.runs, (inputs, *masks))
    losses = training.dataset.task.losses(outputs, targets)
    if losses.requires_grad:
        losses.mean().backward()


@contextmanager
def _as_before(training: Training) -> Generator[None, None, None]:
    generators = generator_state(training.generator)
    buffers = [(buffer, buffer.clone()) for buffer in training.network.buffers()]
    policy = training.policy.state_dict() if training.policy else {}
    training.network.zero_grad()
    try:
        yield
    finally:
        training.network.zero_grad()
        restore_generator(training.generator, generators)
        for buffer, before in buffers:
            buffer.copy_(before)
        if training.policy is not None:
            training.policy.load_state_dict(policy)


def _diagnostic(what: str, error: BaseException, help_text: str) -> Diagnostic:
    tried = re.search(r"tried to allocate ([\d.,]+ \w+)", str(error), re.IGNORECASE)
    notes = (f"{tried[1]} were asked for at once",) if tried else ()
    return Diagnostic("BSN542", f"not enough memory for {what}", subject="train", notes=notes, help=help_text)
