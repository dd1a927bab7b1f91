"""Where memory does not suffice for a step: which batch would do is found out, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from bsnc.data import Classification
from bsnc.diagnostics import Diagnosed, Diagnostic, Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import Program
from bsnc.lower import lower_stochastic
from bsnc.search import Sample
from bsnc.train import BudgetTable, Phase, Silent, train_program
from bsnc.train.joint import JointPolicy
from bsnc.train.memory import fitting_batch, is_out_of_memory
from bsnc.train.staged import HeldOutLoss, WidePolicy
from bsnc.train.training import Training
from tests.train.test_resume import SPEC

ON_A_CPU = "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes. Error code 12"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    (tmp_path / "tiny.bsn").write_text(SPEC, encoding="utf-8")
    return load_program(tmp_path / "tiny.bsn", Overrides(("search.evaluations=9",)))[0]


def limit(monkeypatch: pytest.MonkeyPatch, most: int, error: Exception) -> None:
    """There is memory for the loss of so many examples."""
    losses = Classification.losses

    def limited(task: Classification, outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        if len(outputs) > most:
            raise error
        return losses(task, outputs, targets, smoothing)

    monkeypatch.setattr(Classification, "losses", limited)


def refused(program: Program, run: Path) -> Diagnostic:
    with pytest.raises(Diagnosed) as caught:
        run.mkdir()
        train_program(program, [Source("s.bsn", SPEC)], run, 0, Silent())
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN542"
    return diagnostic


ERRORS = [RuntimeError(ON_A_CPU), MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")]


@pytest.mark.parametrize("error", ERRORS, ids=["cpu", "python", "cuda"])
def test_the_batch_that_goes_through_is_named(program: Program, tmp_path: Path, monkeypatch, error: Exception) -> None:
    limit(monkeypatch, 100, error)
    found = refused(program, tmp_path / "run")
    assert found.message == "not enough memory for a batch of 256 in phase search, epoch 1"
    assert found.help is not None and found.help.endswith("`--set train.batch_size=64`")


def test_it_is_said_where_no_batch_goes_through(program: Program, tmp_path: Path, monkeypatch) -> None:
    limit(monkeypatch, 0, MemoryError())
    assert str(refused(program, tmp_path / "run").help).startswith("not even a batch of one")


def test_memory_elsewhere(program: Program, tmp_path: Path, monkeypatch) -> None:
    def judge(*_: object) -> Tensor:
        raise RuntimeError(ON_A_CPU)

    monkeypatch.setattr(HeldOutLoss, "_losses", lambda self, mask: judge())
    assert (
        refused(program, tmp_path / "run").message == "not enough memory for the run, outside of the steps of training"
    )


def test_memory_for_the_examples_held_out(program: Program, tmp_path: Path, monkeypatch) -> None:
    train = program.train.model_copy(update={"batch_size": 64})
    limit(monkeypatch, 64, RuntimeError(ON_A_CPU))
    found = refused(program.model_copy(update={"train": train}), tmp_path / "run")
    assert found.message == "not enough memory for judging an architecture, 202 examples at once"
    assert found.notes == ("8 bytes were asked for at once",)


def test_other_errors_are_left_alone() -> None:
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))
    assert is_out_of_memory(RuntimeError("std::bad_alloc"))
    assert is_out_of_memory(RuntimeError("CUDA error: out of memory"))


@pytest.mark.parametrize("mode", ["staged", "joint"])
def test_trying_leaves_everything_as_it_was(program: Program, monkeypatch, mode: str) -> None:
    from bsnc.data import load_data

    dataset, generator = load_data(program.data, program.graph), torch.Generator().manual_seed(1)
    policy = WidePolicy(program.graph, 0.9) if mode == "staged" else JointPolicy(program, BudgetTable(program))
    network = lower_stochastic(program.graph, 0)
    training = Training(program, dataset, network, Phase("search", 1), generator, policy)
    draws: list[Sample] = []
    sample = policy.sample
    monkeypatch.setattr(policy, "sample", lambda *given: draws.append(sample(*given)) or draws[-1])
    before, state = {k: v.clone() for k, v in network.state_dict().items()}, generator.get_state()
    own, torch_state = policy.state_dict(), torch.get_rng_state()
    limit(monkeypatch, 10, MemoryError())
    batch = dataset.train[:256]
    assert fitting_batch(training, dataset.normalise(batch.inputs), batch.targets) == 8
    assert [len(draw.switches) for draw in draws] == [128, 64, 32, 16, 8]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(generator.get_state(), state) and torch.equal(torch.get_rng_state(), torch_state)
    assert str(policy.state_dict()) == str(own)
    assert all(weight.grad is None for weight in network.parameters())
