"""Optimisers against torch's own, and learning rates over a phase."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR

from bsnc.ir import AdamW, Constant, Cosine, Muon, OneCycle, Sgd, Step, TrainConfig
from bsnc.lower import lower_static, lower_stochastic
from bsnc.train.matrices import hidden_matrices
from bsnc.train.optimise import Optimisers, build_optimiser, build_schedule, clip_gradients
from tests.laws.build import conv, linear, network

GRAPH = network(
    (2, 4, 4),
    {"h": ["relu"], "z": [], "y": []},
    [
        ("x", "h", [conv(4), "batch_norm", conv(4, 1)]),
        ("h", "z", [conv(4), "batch_norm"]),
        ("h", "z", [conv(4, groups=4)]),
        ("z", "y", [conv(2, 1), "flatten", linear(3)]),
    ],
)
HIDDEN = ["x__h.conv_1", "h__z.conv", "z__y.conv"]


def rates(schedule: Constant | Cosine | OneCycle | Step, epochs: int, steps: int, searched: int = 60) -> list[float]:
    """The rate of each step of a phase; the search takes `searched` epochs."""
    config = TrainConfig(epochs=searched, schedule=schedule, optimizer=Sgd(lr=0.5))
    net = nn.Linear(1, 1)
    optimiser = build_optimiser(config, net, GRAPH)
    scheduler = build_schedule(config, optimiser, epochs, steps)
    found = []
    for _ in range(epochs * steps):
        found.append(optimiser.parts[0].param_groups[0]["lr"])
        assert found[-1] == scheduler.rate
        optimiser.step()
        scheduler.step()
    return found


def test_constant_stays() -> None:
    assert rates(Constant(), 3, 4) == [0.5] * 12


def test_cosine_falls_from_the_full_rate_towards_zero() -> None:
    found = rates(Cosine(), 10, 10)
    assert found[0] == 0.5 and found == sorted(found, reverse=True)
    assert found[50] == pytest.approx(0.25) and 0 < found[-1] < 0.001


def test_one_cycle_peaks_once_after_its_warm_up_and_ends_near_zero() -> None:
    found = rates(OneCycle(warmup=0.2), 10, 10)
    peak = found.index(max(found))
    assert max(found) == pytest.approx(0.5) and 18 <= peak <= 20
    assert found[: peak + 1] == sorted(found[: peak + 1]) and found[peak:] == sorted(found[peak:], reverse=True)
    assert found[-1] < 1e-4


def test_milestones_are_epochs_of_the_search_and_the_same_fractions_of_another_phase() -> None:
    schedule = Step(at=(30, 45), by=0.1)
    search = rates(schedule, 60, 2)
    assert search[:60] == [0.5] * 60 and search[60:90] == pytest.approx([0.05] * 30)
    assert search[90:] == pytest.approx([0.005] * 30)
    assert rates(schedule, 20, 3)[29:31] == pytest.approx([0.5, 0.05])


@pytest.mark.parametrize("schedule", [Constant(), Cosine(), Step(at=(1,)), OneCycle()], ids=lambda s: s.kind)
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 7, 20])
def test_rates_are_positive_and_at_most_the_full_rate_in_phases_of_any_length(schedule, steps: int) -> None:
    found = rates(schedule, 1, steps, searched=2)
    assert len(found) == steps and all(0 < rate <= 0.5 + 1e-12 for rate in found)


def test_warm_up_rises_linearly_and_then_the_cosine_falls_to_its_floor() -> None:
    """Two epochs of warm-up of 4 steps, of 5 epochs."""
    found = rates(Cosine(floor=0.1, warmup=2), 5, 4)
    assert found[:8] == pytest.approx([0.5 * (t + 1) / 8 for t in range(8)])
    expected = [0.5 * (0.1 + 0.9 * (1 + math.cos(math.pi * t / 12)) / 2) for t in range(12)]
    assert found[8:] == pytest.approx(expected)


def test_a_share_of_warm_up_is_one_of_the_phase() -> None:
    assert rates(Step(at=(30,), by=0.5, warmup=0.25), 2, 8) == pytest.approx(
        [0.125, 0.25, 0.375, 0.5] + 4 * [0.5] + 8 * [0.25]
    )


def test_a_warm_up_longer_than_the_phase_takes_all_of_it() -> None:
    assert rates(Cosine(warmup=3), 1, 4) == pytest.approx([0.125, 0.25, 0.375, 0.5])


@pytest.mark.parametrize(
    ("schedule", "own"),
    [
        (Cosine(floor=0.2), lambda o: CosineAnnealingLR(o, 60, eta_min=0.2 * 0.5)),
        (Step(at=(2, 5), by=0.3), lambda o: MultiStepLR(o, [20, 50], 0.3)),
    ],
    ids=["cosine", "step"],
)
def test_rates_are_those_of_torchs_own_schedules(schedule, own: Callable[[Optimizer], object]) -> None:
    optimiser = SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    scheduler, expected = own(optimiser), []
    for _ in range(60):
        expected.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    assert rates(schedule, 6, 10, searched=6) == pytest.approx(expected)


def loss_of(net: nn.Module) -> Tensor:
    inputs = torch.randn(5, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    return (net(inputs) ** 2).mean()


def train(net: nn.Module, optimisers: list[Optimizer] | Optimisers, steps: int = 4) -> dict[str, Tensor]:
    for _ in range(steps):
        net.zero_grad()
        loss_of(net).backward()
        for optimiser in [optimisers] if isinstance(optimisers, Optimisers) else optimisers:
            optimiser.step()
    return dict(net.state_dict())


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def spared(net: nn.Module, *, norms: bool) -> list[nn.Parameter]:
    return [p for name, p in net.named_parameters() if (p.ndim < 2 or "norm" in name) is norms]


@pytest.mark.parametrize(
    ("chosen", "own"),
    [
        (
            Sgd(lr=0.01, momentum=0.8, weight_decay=0.1, nesterov=True),
            lambda groups: SGD(groups, lr=0.01, momentum=0.8, weight_decay=0.1, nesterov=True),
        ),
        (
            AdamW(lr=0.01, beta1=0.8, beta2=0.9, eps=1e-3, weight_decay=0.1),
            lambda groups: torch.optim.AdamW(groups, lr=0.01, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1),
        ),
    ],
    ids=["sgd", "adamw"],
)
def test_steps_are_those_of_torch_with_decay_of_all_or_of_matrices_alone(chosen, own) -> None:
    ours, theirs = lower_static(GRAPH), lower_static(GRAPH)
    ending = train(ours, build_optimiser(TrainConfig(optimizer=chosen), ours, GRAPH))
    assert equal(ending, train(theirs, [own(theirs.parameters())]))
    chosen = chosen.model_copy(update={"decay_norms": False})
    ours, theirs = lower_static(GRAPH), lower_static(GRAPH)
    groups = [{"params": spared(theirs, norms=False)}, {"params": spared(theirs, norms=True), "weight_decay": 0.0}]
    other = train(ours, build_optimiser(TrainConfig(optimizer=chosen), ours, GRAPH))
    assert equal(other, train(theirs, [own(groups)])) and not equal(other, ending)


@pytest.mark.parametrize("lower", [lower_static, lower_stochastic])
def test_hidden_matrices_are_of_plain_layers_behind_the_first_and_before_the_last(lower) -> None:
    net = lower(GRAPH)
    found = {id(weight) for weight in hidden_matrices(net, GRAPH)}
    names = [name for name, p in net.named_parameters() if id(p) in found]
    assert [name.removeprefix("edges.").removesuffix(".weight") for name in names] == HIDDEN


def test_muon_moves_hidden_filters_as_matrices_and_adamw_all_else() -> None:
    """With a linear net of 1×1 filters, torch's Muon moves the same matrices itself."""
    chosen = Muon(lr=0.01, momentum=0.9, weight_decay=0.1, nesterov=False)
    ours, theirs = lower_static(GRAPH), lower_static(GRAPH)
    found = train(ours, build_optimiser(TrainConfig(optimizer=chosen), ours, GRAPH))
    hidden = hidden_matrices(theirs, GRAPH)
    rest = [p for p in theirs.parameters() if all(p is not h for h in hidden)]
    matrices = [nn.Parameter(p.detach().flatten(1).clone()) for p in hidden]
    muon = torch.optim.Muon(
        matrices, lr=0.01, momentum=0.9, weight_decay=0.1, nesterov=False, adjust_lr_fn="match_rms_adamw"
    )
    adamw = torch.optim.AdamW(rest, lr=0.01, weight_decay=0.1)
    for _ in range(4):
        theirs.zero_grad()
        loss_of(theirs).backward()
        for matrix, p in zip(matrices, hidden, strict=True):
            matrix.grad = p.grad.flatten(1)
        muon.step()
        adamw.step()
        with torch.no_grad():
            for matrix, p in zip(matrices, hidden, strict=True):
                p.copy_(matrix.view_as(p))
    assert equal(found, dict(theirs.state_dict()))


def test_a_matrix_without_a_gradient_stays_where_it_is() -> None:
    net = lower_static(GRAPH)
    optimiser = build_optimiser(TrainConfig(optimizer=Muon()), net, GRAPH)
    train(net, optimiser, 1)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    net.zero_grad()
    optimiser.step()
    assert equal(before, dict(net.state_dict()))


@pytest.mark.parametrize("chosen", [Sgd(nesterov=True), AdamW(), Muon()], ids=lambda c: c.kind)
def test_one_cycle_moves_rate_and_momentum_of_every_optimiser(chosen) -> None:
    net, config = lower_static(GRAPH), TrainConfig(optimizer=chosen, schedule=OneCycle(warmup=0.5))
    optimiser = build_optimiser(config, net, GRAPH)
    schedule = build_schedule(config, optimiser, 2, 10)
    seen = []
    for _ in range(20):
        groups = [group for part in optimiser.parts for group in part.param_groups]
        seen.append([(g["lr"], g["betas"][0] if "betas" in g else g["momentum"]) for g in groups])
        train(net, optimiser, 1)
        schedule.step()
    for rates_and_momenta in zip(*seen, strict=True):
        peak = max(rates_and_momenta)
        assert peak == pytest.approx((chosen.lr, 0.85)) and rates_and_momenta.index(peak) == 9
        assert rates_and_momenta[0] == pytest.approx((chosen.lr / 25, 0.95))


@pytest.mark.parametrize("chosen", [Sgd(nesterov=True), AdamW(), Muon()], ids=lambda c: c.kind)
def test_an_optimiser_goes_on_from_its_state(chosen) -> None:
    config = TrainConfig(optimizer=chosen)
    whole = lower_static(GRAPH)
    expected = train(whole, build_optimiser(config, whole, GRAPH), 5)
    first, second = lower_static(GRAPH), lower_static(GRAPH)
    optimiser = build_optimiser(config, first, GRAPH)
    again = build_optimiser(config, second, GRAPH)
    second.load_state_dict(train(first, optimiser, 2))
    again.load_state_dict(optimiser.state_dict())
    assert equal(train(second, again, 3), expected)


def test_gradients_are_clipped_by_their_norm_together() -> None:
    net = nn.Linear(2, 1)
    for limit, scale in ((10.0, 1.0), (None, 1.0), (2.5, 0.5)):
        net.weight.grad, net.bias.grad = torch.tensor([[3.0, 0.0]]), torch.tensor([4.0])
        clip_gradients([*net.parameters()], limit)
        assert net.weight.grad.tolist() == [[pytest.approx(3 * scale, rel=1e-5), 0]]
        assert net.bias.grad.tolist() == [pytest.approx(4 * scale, rel=1e-5)]
