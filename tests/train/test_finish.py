"""After the search: projection, batch statistics, evaluation."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bsnc.cost import cost_of
from bsnc.data import Dataset, Split
from bsnc.diagnostics import Diagnosed
from bsnc.ir import Budget, CostKey, Graph, Program, every_cost
from bsnc.lower import lower_static
from bsnc.search import Gates
from bsnc.train import BudgetTable, Phase, Silent, evaluate, reestimate_batch_norm, train_network
from bsnc.train.run import live_names
from bsnc.train.search import choose_architecture
from tests.laws.brute_force import every_choice
from tests.laws.build import conv, network, pool
from tests.laws.strategies import law, networks


@dataclass(frozen=True)
class Search:
    """Gates as a search might leave them, and budgets."""

    gates: Gates
    budgets: BudgetTable


@st.composite
def searches(draw: st.DrawFn) -> Search:
    graph = draw(networks(max_nodes=6, max_gates=7))
    gates = Gates(graph, 0.5)
    logit = st.one_of(st.sampled_from([-8.0, 8.0]), st.floats(-8, 8, width=32).filter(lambda x: abs(x) > 1e-3))
    logits = draw(st.lists(logit, min_size=graph.switch_count, max_size=graph.switch_count))
    gates.logits = torch.tensor(logits, dtype=torch.float32)
    keys = draw(st.lists(st.sampled_from(every_cost()), max_size=2, unique=True))
    live = torch.from_numpy(every_choice(graph).live)
    columns = [sorted(set(cost_of(key, graph)(live).tolist())) for key in keys]
    bounds = [max(1.0, float(draw(st.sampled_from(column)))) for column in columns]
    budgets = tuple(Budget(cost=key, bound=bound) for key, bound in zip(keys, bounds, strict=True))
    return Search(gates, BudgetTable(Program(graph=graph, budgets=budgets)))


@law(150)
@given(searches())
def test_the_architecture_is_the_hardened_one_if_that_will_do_and_else_the_most_probable_that_does(search) -> None:
    graph: Graph = search.gates.graph
    choices = every_choice(graph)
    live = torch.from_numpy(choices.live)
    within = search.budgets.costs(live) <= torch.tensor(search.budgets.bounds, dtype=torch.float64)
    good = (live.any(1) & within.all(1)).numpy()
    logits = search.gates.logits.double().numpy()
    hardened = int(np.flatnonzero((choices.switches == search.gates.most_probable.numpy()).all(1))[0])
    if not good.any():
        with pytest.raises(Diagnosed) as caught:
            choose_architecture(search.gates, search.budgets)
        assert [d.code for d in caught.value.diagnostics] == ["BSN401"]
        return
    chosen = choose_architecture(search.gates, search.budgets)
    assert chosen.projected is not bool(good[hardened])
    same = (choices.live == chosen.live.numpy()).all(1)
    assert (same & good).any()
    scores = choices.switches @ logits
    assert scores[same & good].max() == pytest.approx(scores[good].max(), rel=0, abs=1e-5)
    expected = {edge.name for edge, is_live in zip(graph.edges, chosen.live.tolist(), strict=True) if is_live}
    assert set(live_names(graph, chosen)) == expected


FORK = network((1, 2, 2), {"y": []}, [("x", "y", [conv(1, 1)]), ("x", "y", [conv(1, 1)]), ("x", "y", [conv(1, 3)])])


def chosen(logits: list[float], bound: float) -> tuple[list[bool], bool]:
    gates = Gates(FORK, 0.5)
    gates.logits = torch.tensor(logits)
    budget = Budget(cost=CostKey(name="flops"), bound=bound)
    found = choose_architecture(gates, BudgetTable(Program(graph=FORK, budgets=(budget,))))
    return found.live.tolist(), found.projected


def test_projection_by_hand() -> None:
    """Edges of 4, 4 and 36 multiply-adds."""
    assert chosen([3.0, 1.0, 2.0], bound=44.0) == ([True, True, True], False)
    assert chosen([3.0, 1.0, 2.0], bound=43.0) == ([True, False, True], True)
    assert chosen([3.0, 1.0, 2.0], bound=36.0) == ([True, True, False], True)
    assert chosen([-3.0, -1.0, -0.5], bound=44.0) == ([False, False, True], True)
    assert chosen([-3.0, -1.0, -0.5], bound=35.0) == ([False, True, False], True)
    with pytest.raises(Diagnosed):
        chosen([3.0, 1.0, 2.0], bound=3.0)


def dataset(train: int, test: int = 5, classes: int = 3) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(train + test, 2, 3, 3, generator=generator)
    labels = torch.randint(classes, (train + test,), generator=generator)
    mean, std = torch.tensor([0.3, 0.6]), torch.tensor([0.5, 2.0])
    splits = Split(images[:train], labels[:train]), Split(images[train:], labels[train:])
    return Dataset(*splits, tuple("abc"[:classes]), mean, std)


def test_batch_statistics_are_the_mean_over_whole_batches_of_the_training_images() -> None:
    data = dataset(25)
    norm = nn.BatchNorm2d(2, momentum=0.7)
    norm.running_mean.fill_(9)
    norm.running_var.fill_(9)
    norm.num_batches_tracked.fill_(50)
    with torch.no_grad():
        norm.weight.fill_(3)
    reestimate_batch_norm(norm, data, batch_size=10)
    images = data.normalise(data.train.inputs)
    means = torch.stack([images[i : i + 10].mean((0, 2, 3)) for i in (0, 10)])
    variances = torch.stack([images[i : i + 10].transpose(0, 1).flatten(1).var(1) for i in (0, 10)])
    assert torch.allclose(norm.running_mean, means.mean(0), atol=1e-6)
    assert torch.allclose(norm.running_var, variances.mean(0), atol=1e-6)
    assert norm.momentum == 0.7 and not norm.training
    assert norm.weight.tolist() == [3, 3]


def test_inner_layers_see_what_training_would_show_them_and_nothing_learns() -> None:
    data = dataset(20)
    inside = [nn.BatchNorm2d(2), nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)]
    net = nn.Sequential(*inside, nn.Flatten(), nn.Linear(36, 3))
    before = [p.clone() for p in net.parameters()]
    reestimate_batch_norm(net, data, batch_size=20)
    images = data.normalise(data.train.inputs)
    normal = torch.nn.functional.batch_norm(images, None, None, net[0].weight, net[0].bias, training=True)
    inner = net[1](normal)
    assert torch.allclose(net[2].running_mean, inner.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(net[2].running_var, inner.transpose(0, 1).flatten(1).var(1), atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    assert all(p.grad is None for p in net.parameters())


def test_fewer_images_than_a_batch_are_one_batch() -> None:
    data = dataset(7)
    norm = nn.BatchNorm2d(2)
    reestimate_batch_norm(norm, data)
    assert torch.allclose(norm.running_mean, data.normalise(data.train.inputs).mean((0, 2, 3)), atol=1e-6)


def test_an_architecture_without_weights_has_nothing_to_fine_tune() -> None:
    """The search may choose it where other architectures have some."""
    chosen = network((2, 3, 3), {"y": []}, [("x", "y", [pool("max", 3)])])
    program = Program(graph=chosen, budgets=())
    untouched = torch.Generator().manual_seed(0).get_state()
    generator = torch.Generator().manual_seed(0)
    train_network(program, dataset(25), lower_static(chosen), Phase("fine-tune", 3), generator, Silent())
    assert torch.equal(generator.get_state(), untouched)


def test_evaluation_by_hand_and_on_the_test_split_alone() -> None:
    data = dataset(40, test=30)
    net = nn.Sequential(nn.Dropout(0.9), nn.Flatten(), nn.Linear(18, 3)).train()
    found = evaluate(net, data)
    with torch.no_grad():
        logits = net.eval()(data.normalise(data.test.inputs))
    correct = (logits.argmax(1) == data.test.targets).double().mean()
    loss = -logits.log_softmax(1)[torch.arange(30), data.test.targets].mean()
    assert found.metrics == {"accuracy": pytest.approx(float(correct))} and found.main == found.metrics["accuracy"]
    assert found.loss == pytest.approx(float(loss), rel=1e-5)
    assert found.examples == 30
