"""A staged search: what is held out is judged on and not trained on, and judging leaves no trace."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from bsnc.cost import cost_of
from bsnc.data import Dataset, Split
from bsnc.diagnostics import Diagnosed, Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import Graph, Program, Step
from bsnc.lower import lower_stochastic
from bsnc.search import least
from bsnc.train import Silent, limit_of, search, staged, train_program, training
from bsnc.train.staged import AT_ONCE, MOST_HELD_OUT, HeldOutLoss, at_once, hold_out
from tests.laws.brute_force import every_choice
from tests.laws.build import linear, network
from tests.laws.strategies import law, networks
from tests.laws.weights import examples, names_of, pruned, randomise


def numbered(train: int) -> Dataset:
    """Examples told apart by their one pixel, which is their label too."""
    numbers = torch.arange(train + 5)
    splits = (Split(rows.reshape(-1, 1, 1, 1).float(), rows) for rows in (numbers[:train], numbers[train:]))
    return Dataset(*splits, (), torch.zeros(1), torch.ones(1))


@pytest.mark.parametrize(
    ("train", "share", "count"), [(1347, 0.15, 202), (9000, 0.9, MOST_HELD_OUT), (40, 0.001, 1), (10, 0.75, 8)]
)
def test_what_is_held_out_and_the_rest_are_the_training_split(train: int, share: float, count: int) -> None:
    data = numbered(train)
    rest, held = hold_out(data, share, torch.Generator().manual_seed(0))
    assert len(held) == count
    assert sorted(rest.train.targets.tolist() + held.targets.tolist()) == list(range(train))
    for split in (rest.train, held):
        assert torch.equal(split.inputs.flatten().long(), split.targets)
    assert rest.test is data.test and torch.equal(rest.mean, data.mean)
    assert not torch.equal(held.targets, hold_out(data, share, torch.Generator().manual_seed(1))[1].targets)


def settings(network: nn.Module) -> list[tuple[object, ...]]:
    names = ("training", "momentum", "track_running_stats")
    return [tuple(getattr(module, name, None) for name in names) for module in network.modules()]


@law(40)
@given(networks(max_nodes=6, max_gates=5, kinds=["vector"]), st.booleans(), st.integers(0, 99))
def test_the_loss_is_that_of_the_pruned_network_with_batch_statistics_without_a_trace(graph, is_training, seed) -> None:
    choices, whole = every_choice(graph), lower_stochastic(graph).double().train(is_training)
    randomise(whole, seed)
    images, labels = examples(graph, 10, seed), torch.arange(10) % graph.output.shape[0]
    channels, held = graph.input.shape[0], Split(images, labels)
    data = Dataset(held, held, (), torch.zeros(channels), torch.ones(channels))
    before, state = settings(whole), {name: value.clone() for name, value in whole.state_dict().items()}
    rows = choices.connected.nonzero()[0][:: 1 + choices.connected.sum() // 4]
    switches, live = torch.from_numpy(choices.switches[rows]), torch.from_numpy(choices.live[rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staged, "AT_ONCE", 4)
        loss = HeldOutLoss(graph, whole, data, held, Silent(), 99)
        found = loss(switches, live)
        relaxed = switches.double().requires_grad_()
        through = loss(relaxed, live)
    assert settings(whole) == before
    assert all(torch.equal(value, state[name]) for name, value in whole.state_dict().items())
    assert not found.requires_grad and torch.allclose(through, found, rtol=1e-9)
    for edges, value in zip(live, found.tolist(), strict=True):
        plain = pruned(graph, whole.train(), names_of(graph, edges))
        assert plain is not None
        logits = torch.cat([plain(some) for some in images.split(4)])
        assert value == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-9)
    if through.requires_grad and graph.switch_count:
        through.sum().backward()
        assert relaxed.grad is not None and torch.isfinite(relaxed.grad).all()


@pytest.mark.parametrize(("shape", "count"), [((1, 8, 8), AT_ONCE), ((16, 128, 128), 128), ((64, 512, 512), 32)])
def test_fewer_examples_are_judged_together_where_they_are_large(shape: tuple[int, ...], count: int) -> None:
    assert at_once(network(shape, {"y": []}, [("x", "y", ["flatten", linear(3)])])) == count


@pytest.fixture(scope="module")
def program(repository: Path) -> Program:
    size = ("layers=2", "channels=2", "train.epochs=1", "train.fine_tune=1", "train.batch_size=128")
    overrides = Overrides((*size, "search.evaluations=45"), ("flops=40% of max",))
    program = load_program(repository / "specs" / "digits.bsn", overrides)[0]
    return program.model_copy(update={"data": program.data.model_copy(update={"augment": ()})})


def searching(program: Program, **settings: object) -> Program:
    return program.model_copy(update={"search": program.search.model_copy(update=settings)})


def keys(images: Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def test_shared_weights_never_see_what_judges_them_and_those_of_the_final_network_do(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they diverge the edges are named of the graph that each has."""
    shared, final, judged = set[bytes](), set[bytes](), list[set[bytes]]()
    graphs: dict[str, object] = {}

    check = training.check_finite

    def spy(
        losses: Tensor, graph: object, network: object, inputs: tuple[Tensor, ...], batch: str, machine: object
    ) -> None:
        name = batch.split(",")[0]
        (shared if name == "phase search" else final).update(keys(inputs[0]))
        graphs[name] = graph
        check(losses, graph, network, inputs, batch, machine)  # type: ignore[arg-type]

    def judge(graph: object, network: object, data: Dataset, held: Split, *rest: object) -> HeldOutLoss:
        judged.append(keys(data.normalise(held.inputs)))
        return HeldOutLoss(graph, network, data, held, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "check_finite", spy)
    monkeypatch.setattr(search, "HeldOutLoss", judge)
    result = train_program(searching(program, strategy="random"), [Source("s.bsn", "")], tmp_path, 0, Silent())
    (held,) = judged
    data = result.dataset
    assert len(held) == round(0.15 * 1347) and len(shared) == (1347 - len(held)) // 128 * 128
    assert not shared & held and shared | held <= keys(data.normalise(data.train.inputs)) and final & held
    assert graphs == {"phase search": program.graph, "phase fine-tune": result.graph}


@pytest.mark.parametrize(
    ("strategy", "estimator"),
    [("policy_gradient", "rloo"), ("policy_gradient", "gumbel_st"), ("evolution", "rloo"), ("random", "rloo")],
)
def test_every_strategy_keeps_the_budgets_and_the_evaluations(program, tmp_path, strategy: str, estimator: str) -> None:
    tried = searching(program, strategy=strategy, estimator=estimator)
    result = train_program(tried, [Source("s.bsn", "")], tmp_path, 0, Silent())
    learns = strategy == "policy_gradient"
    assert 44 < result.evaluations <= 45
    assert 0 < result.budgets[0].value <= result.budgets[0].bound
    assert (result.verdict.gates > 0) == (result.budgets[0].penalty is not None) == learns
    assert bool(result.architecture.probabilities) == learns
    assert ("gates.logits" in load_file(tmp_path / "search.safetensors")) == learns


def test_weights_of_the_last_good_epoch_stay_where_a_later_one_diverges(program: Program, tmp_path: Path) -> None:
    """The learning rate grows beyond measure after the second."""
    training = program.train.model_copy(update={"epochs": 3, "schedule": Step(at=(2,), by=1e30)})
    diverging = program.model_copy(update={"train": training})
    with pytest.raises(Diagnosed) as caught:
        train_program(diverging, [Source("s.bsn", "")], tmp_path, 0, Silent())
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN502" and "phase search, epoch 3, batch" in diagnostic.message
    kept = load_file(tmp_path / "checkpoints" / "search.safetensors")
    weights = {name.removeprefix("network."): value for name, value in kept.items() if name.startswith("network.")}
    lower_stochastic(program.graph).load_state_dict(weights)
    assert all(torch.isfinite(value).all() for value in weights.values())
    assert [row["epoch"] for row in map(json.loads, (tmp_path / "metrics.jsonl").read_text().splitlines())] == [0, 1]


def test_a_search_that_judged_all_there_is_has_converged(program: Program, tmp_path: Path) -> None:
    """Also with no more evaluations than that: a network without gates is its only architecture."""
    whole = program.graph
    edges = tuple(edge.model_copy(update={"gate": None, "option": None}) for edge in whole.edges)
    graph = Graph(name="n", nodes=whole.nodes, edges=edges, gates=())
    small = searching(program.model_copy(update={"graph": graph, "budgets": ()}), evaluations=1)
    result = train_program(small, [Source("s.bsn", "")], tmp_path, 0, Silent())
    assert result.evaluations == 1 and result.verdict.converged
    assert result.verdict.reason == "nothing promising was left after 1 evaluations"


def test_where_what_is_held_out_leaves_no_batch_the_share_is_to_blame(program: Program, tmp_path: Path) -> None:
    with pytest.raises(Diagnosed) as caught:
        train_program(searching(program, held_out=0.95), [Source("s.bsn", "")], tmp_path, 0, Silent())
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN501" and "held_out" in str(diagnostic.help)
    assert diagnostic.message.startswith("1280 of 1347 training examples are held out, which leaves 67, fewer than")


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "joint", "warmup": 0, "penalty": 1e300},
        {"mode": "joint", "warmup": 0, "gate_lr": 1e300},
        {"penalty": 1e300},
    ],
)
def test_gates_that_leave_all_numbers_behind_stop_the_run(program: Program, tmp_path: Path, settings) -> None:
    with pytest.raises(Diagnosed) as caught:
        train_program(searching(program, **settings), [Source("s.bsn", "")], tmp_path, 0, Silent())
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN502" and "a step of the gates is not finite" in diagnostic.message


@pytest.mark.parametrize(("estimator", "init"), [("disarm", 0.1), ("gumbel_st", 1e-3), ("disarm", 1e-9)])
def test_samples_that_connect_nothing_count_in_no_cost(program: Program, tmp_path: Path, estimator, init) -> None:
    """A joint search in which they abound: to count them as 0 would tell less than any architecture costs."""
    sparse = searching(program, mode="joint", warmup=0, estimator=estimator, init=init)
    result = train_program(sparse, [Source("s.bsn", "")], tmp_path, 0, Silent())
    (outcome,), row = result.budgets, json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
    assert result.inconsistent > 0 and outcome.hardened is None and outcome.expected > 0
    least = least_cost(program)
    assert outcome.sampled is None if init < 1e-6 else outcome.sampled >= least
    assert row["cost"] == {"flops": outcome.sampled} and (row["over_budget"] is None) == (outcome.sampled is None)


def least_cost(program: Program) -> float:
    (budget,) = program.budgets
    return least(program.graph, limit_of(cost_of(budget.cost, program.graph))).value
