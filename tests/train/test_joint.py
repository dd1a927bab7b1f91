"""A joint search: gates that learn from examples of their own, and gates that freeze."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor

from bsnc.data import Dataset, Split
from bsnc.diagnostics import Diagnosed, Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import Budget, CostKey, Graph, Program
from bsnc.lower import lower_stochastic
from bsnc.search import ESTIMATORS, Gates
from bsnc.train import BudgetTable, Silent, apart, train_program, training
from bsnc.train.apart import Judge, set_apart
from bsnc.train.search import choose_architecture
from tests.laws.brute_force import every_choice
from tests.laws.strategies import law, networks
from tests.laws.weights import examples, names_of, pruned, randomise
from tests.train.test_staged import keys, numbered, searching, settings

SPEC = [Source("s.bsn", "")]


@pytest.fixture(scope="module")
def program(repository: Path) -> Program:
    size = ("layers=2", "channels=2", "train.epochs=2", "train.fine_tune=1", "train.batch_size=128")
    overrides = Overrides((*size, "search.mode=joint", "search.warmup=1"), ("flops=40% of max",))
    program = load_program(repository / "specs" / "digits.bsn", overrides)[0]
    return program.model_copy(update={"data": program.data.model_copy(update={"augment": ()})})


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_what_is_for_the_gates_and_the_rest_are_the_training_split(share: float) -> None:
    data = numbered(100)
    parts = set_apart(data, share, 10, torch.Generator().manual_seed(0))
    assert len(parts.gates) == 100 * share and torch.equal(parts.gates.targets, parts.numbers)
    assert sorted(parts.weights.train.targets.tolist() + parts.gates.targets.tolist()) == list(range(100))
    for split in (parts.weights.train, parts.gates):
        assert torch.equal(split.inputs.flatten().long(), split.targets)
    other = set_apart(data, share, 10, torch.Generator().manual_seed(1))
    assert not torch.equal(parts.gates.targets, other.gates.targets)


def test_a_split_for_validation_is_for_the_gates() -> None:
    data = numbered(100)
    data = replace(data, validation=data.test)
    parts = set_apart(data, 0.5, 5, torch.Generator())
    assert parts.weights is data and parts.gates is data.test and parts.numbers is None


@pytest.mark.parametrize(
    ("share", "batch", "message"),
    [
        (0.95, 10, "`split` leaves 5 of 100 training examples for the weights, fewer than a batch of 10"),
        (0.03, 10, "`split` leaves 3 of 100 training examples for the gates, fewer than a batch of 10"),
        (None, 6, "the split for validation has 5 examples for the gates, fewer than a batch of 6"),
    ],
)
def test_where_a_part_leaves_no_batch_the_share_is_to_blame(share: float | None, batch: int, message: str) -> None:
    data = numbered(100)
    data = replace(data, validation=None if share else data.test)
    with pytest.raises(Diagnosed) as caught:
        set_apart(data, share or 0.5, batch, torch.Generator())
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("BSN501", message) and "`split`" in str(diagnostic.help)


@pytest.mark.parametrize("estimator", ["rloo", "gumbel_st"])
def test_weights_and_gates_see_examples_of_their_own_and_the_final_network_sees_all(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, estimator: str
) -> None:
    weights, gates, final = set[bytes](), set[bytes](), set[bytes]()
    check, gradients = training.check_finite, list[bool]()

    def spy(
        losses: Tensor, graph: object, network: object, taken: tuple[Tensor, ...], batch: str, machine: object
    ) -> None:
        seen = {"phase search": weights, "phase fine-tune": final}.get(batch.split(",")[0], gates)
        seen.update(keys(taken[0]))
        if seen is weights:
            gradients.append(taken[1].requires_grad)
        check(losses, graph, network, taken, batch, machine)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "check_finite", spy)
    monkeypatch.setattr(apart, "check_finite", spy)
    tried = searching(program, split=0.4, estimator=estimator)
    result = train_program(tried, SPEC, tmp_path, 0, Silent())
    data = result.dataset
    numbers = load_file(tmp_path / "search.safetensors")["gates.examples"]
    apart_for_gates = keys(data.normalise(data.train.inputs[numbers]))
    assert len(numbers) == round(0.4 * 1347) and gates <= apart_for_gates and len(gates) >= 512
    assert weights and not weights & apart_for_gates and final & gates and final & weights
    assert not any(gradients)
    assert 0 < result.budgets[0].value <= result.budgets[0].bound


@law(30)
@given(networks(max_nodes=6, max_gates=5, kinds=["vector"]), st.booleans(), st.integers(0, 99))
def test_gates_judge_by_the_pruned_network_with_statistics_of_the_batch_and_leave_no_trace(
    graph: Graph, is_relaxed: bool, seed: int
) -> None:
    choices, whole = every_choice(graph), lower_stochastic(graph).double().train()
    randomise(whole, seed)
    images, labels = examples(graph, 8, seed), torch.arange(8) % graph.output.shape[0]
    held, channels = Split(images, labels), graph.input.shape[0]
    data = Dataset(held, held, (), torch.zeros(channels), torch.ones(channels))
    before, state = settings(whole), {name: value.clone() for name, value in whole.state_dict().items()}
    gates, judge = Gates(graph, 0.5), Judge(Program(graph=graph), whole, data, held, torch.Generator())
    row = torch.from_numpy(choices.switches[choices.connected][0])
    gates.logits = torch.where(row, 30.0, -30.0)
    estimator = ESTIMATORS["gumbel_st" if is_relaxed else "rloo"]
    sample = estimator.draw(gates, 8, torch.Generator().manual_seed(seed))
    assert (sample.switches == row).all()
    losses = judge(sample, 0.0)
    assert settings(whole) == before and all(value.grad is None for value in whole.parameters())
    assert all(torch.equal(value, state[name]) for name, value in whole.state_dict().items())
    assert sample.leaf is None or (sample.leaf.grad is not None and torch.isfinite(sample.leaf.grad).all())
    plain = pruned(graph, whole, names_of(graph, sample.live[0]))
    assert plain is not None and not losses.requires_grad
    expected = data.task.losses(plain(images).float(), labels)
    assert torch.allclose(losses.sort().values, expected.sort().values, rtol=1e-5, atol=1e-6)


def test_examples_of_the_gates_come_in_whole_batches_of_an_order_that_goes_on_where_it_was_left() -> None:
    data = numbered(10)

    def judge() -> Judge:
        generator = torch.Generator().manual_seed(0)
        return Judge(Program.model_construct(), None, data, data.train, generator)  # type: ignore[arg-type]

    whole = judge()
    batches = [whole._next(4).targets.tolist() for _ in range(6)]
    for first in range(0, 6, 2):
        assert len({*batches[first], *batches[first + 1]}) == 8
    assert batches[:2] != batches[2:4] != batches[4:]
    parts = judge()
    for batch in batches:
        assert parts._next(4).targets.tolist() == batch
        other, state = judge(), parts.state_dict()
        other.load_state_dict(state)
        other.generator.set_state(parts.generator.get_state())
        parts = other


def test_gates_freeze_once_the_targets_are_at_the_bounds_and_the_run_says_how_many(
    program: Program, tmp_path: Path
) -> None:
    """All of them have p ≥ 0.99 from the start."""
    longer = program.model_copy(update={"train": program.train.model_copy(update={"epochs": 6})})
    frozen = searching(longer, freeze=1, init=0.995, gate_lr=1e-4, tighten=0.4, warmup=1)
    result = train_program(frozen, SPEC, tmp_path, 0, Silent())
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    counts = [row["frozen_gates"] for row in rows if row["phase"] == "search"]
    assert counts == [0, 0, 0, 16, 16, 16] and result.verdict.frozen_gates == 16 == len(program.graph.gates)
    assert 0 < result.budgets[0].value <= result.budgets[0].bound
    assert all(0.99 < p < 1 for p in result.architecture.probabilities.values() if p > 0.5)


def test_a_frozen_gate_is_not_lost_where_the_budget_needs_its_other_value(program: Program) -> None:
    budget = Budget(cost=CostKey(name="flops"), bound=0.4, of_max=True)
    table = BudgetTable(program.model_copy(update={"budgets": (budget,)}))
    gates = Gates(program.graph, 0.99)
    gates.frozen[:] = True
    chosen = choose_architecture(gates, table)
    assert chosen.projected and table.share_over(table.costs(chosen.live[None])) == 0
