"""What each op says of itself is what its torch module does."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bsnc.ir import OpCall
from bsnc.lower.modules import build_op, initialise
from bsnc.ops import OPS, ShapeError
from tests.laws.build import call
from tests.laws.ops import USES, Use, call_of, use_name
from tests.laws.strategies import law
from tests.laws.weights import randomise

every_use = pytest.mark.parametrize("use", USES, ids=use_name)


def built(op: OpCall) -> nn.Module:
    module = build_op(op).double().eval()
    randomise(module)
    return module


def example(shape: tuple[int, ...], batch: int = 1) -> Tensor:
    return torch.randn(batch, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def check(op: OpCall) -> None:
    """Shape, multiply-adds and parameters."""
    module, x = built(op), example(op.in_shape)
    with FlopCounterMode(display=False) as counter:
        output = module(x)
    assert output.shape == (1, *op.out_shape)
    rule = op.definition
    assert rule.multiply_adds(op.arguments, op.in_shape, op.out_shape) * 2 == counter.get_total_flops()
    parameters = sum(p.numel() for p in module.parameters())
    assert rule.parameter_count(op.arguments, op.in_shape, op.out_shape) == parameters


def test_every_op_is_used() -> None:
    assert {op for op, _, _ in USES} == {op.name for op in OPS.values() if op.stands_for is None}


@every_use
def test_shape_and_costs_are_those_of_the_module(use: Use) -> None:
    check(call_of(use))


def spatial_sizes(rank: int) -> st.SearchStrategy[int | tuple[int, ...]]:
    return st.integers(1, 4) | st.tuples(*[st.integers(1, 4)] * rank)


@st.composite
def windows(draw: st.DrawFn) -> OpCall:
    """An op with a window, of any rank and with any arguments that it takes."""
    rank = draw(st.integers(1, 2))
    channels, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = (channels * groups, *draw(st.tuples(*[st.integers(1, 7)] * rank)))
    op = draw(st.sampled_from(["conv", "depthwise_conv", "conv_transpose", "max_pool", "avg_pool"]))
    values = {
        "channels": st.just(groups * draw(st.integers(1, 3))),
        "groups": st.just(groups),
        "multiplier": st.integers(1, 3),
        "bias": st.booleans(),
        "padding": st.sampled_from(["half", "valid"]),
    }
    arguments = {p.name: draw(values.get(p.name, spatial_sizes(rank))) for p in OPS[op].parameters}
    try:
        return call(op, shape, **arguments)
    except ShapeError:
        assume(False)
        raise


@law(150)
@given(windows())
def test_windows_of_all_sizes_do_what_they_say(op: OpCall) -> None:
    check(op)
    if op.op == "conv_transpose":
        stride = op.arguments["stride"]
        factors = (stride,) * (len(op.in_shape) - 1) if isinstance(stride, int) else stride
        assert isinstance(factors, tuple)
        assert op.out_shape[1:] == tuple(n * f for n, f in zip(op.in_shape[1:], factors, strict=True))


def keeps_zero_channels(op: OpCall) -> bool:
    """Whether, in all that is tried, output channel c follows from input channel c alone and is 0 where that is."""
    if op.in_shape[0] != op.out_shape[0]:
        return False
    module, x, other = built(op), example(op.in_shape, 3), example(op.in_shape, 3).flip(0)
    y = module(x)
    for c in range(op.in_shape[0]):
        zeroed, changed = x.clone(), other.clone()
        zeroed[:, c] = 0
        changed[:, c] = x[:, c]
        if module(zeroed)[:, c].abs().max() > 0 or not torch.allclose(module(changed)[:, c], y[:, c]):
            return False
    return True


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if op.stands_for is None])
def test_ops_that_keep_zero_channels_are_those_that_say_so(name: str) -> None:
    found = [keeps_zero_channels(call_of(use)) for use in USES if use[0] == name]
    assert all(found) if OPS[name].keeps_zero_channels else not all(found)


@pytest.mark.parametrize("use", [use for use in USES if OPS[use[0]].activation], ids=use_name)
def test_activations_are_elementwise(use: Use) -> None:
    op = call_of(use)
    x, module = example(op.in_shape, 2) * 4, built(op)
    torch.testing.assert_close(module(x).flatten(), module(x.reshape(1, -1, 1)).flatten())
    assert not list(module.parameters())


@every_use
def test_ops_can_be_trained_on_a_single_example_and_on_several(use: Use) -> None:
    """Batch norm of a single value per channel is the business of lower.live_rows."""
    op = call_of(use)
    module = build_op(op).train()
    for batch in (1, 3):
        if op.op == "batch_norm" and batch * len(op.in_shape[1:]) <= 1:
            continue
        x = example(op.in_shape, batch).float().requires_grad_()
        module(x).square().sum().backward()
        assert x.grad is not None and x.grad.isfinite().all()


@pytest.mark.parametrize(
    ("use", "weight", "fan_out"),
    [
        (("conv", (64, 8, 8), {"channels": 128, "kernel": 3}), "weight", 128 * 9),
        (("conv_transpose", (64, 8, 8), {"channels": 128, "kernel": 4, "stride": 2}), "weight", 128 * 16),
        (("conv_transpose", (64, 8), {"channels": 128, "kernel": 4, "stride": 2, "groups": 2}), "weight", 64 * 4),
        (("squeeze_excite", (256, 8, 8), {}), "expand.weight", 256),
    ],
    ids=lambda case: use_name(case) if isinstance(case, tuple) else str(case),
)
def test_convolutions_start_by_he_with_fan_out(use: Use, weight: str, fan_out: int) -> None:
    torch.manual_seed(0)
    module = build_op(call_of(use))
    assert module.get_parameter(weight).std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
    assert module.get_parameter(weight.replace("weight", "bias")).abs().max() == 0


@pytest.mark.parametrize("bias", [True, False])
def test_convolutions_draw_their_weights_as_ever(bias: bool) -> None:
    torch.manual_seed(3)
    expected = nn.Conv2d(4, 6, 3, padding=1, bias=bias)
    nn.init.kaiming_normal_(expected.weight, mode="fan_out", nonlinearity="relu")
    torch.manual_seed(3)
    found = build_op(call_of(("conv", (4, 6, 8), {"channels": 6, "kernel": 3, "bias": bias})))
    assert torch.equal(found.get_parameter("weight"), expected.weight)


def test_what_is_no_convolution_starts_as_torch_has_it() -> None:
    linear = nn.Linear(3, 4)
    before = linear.weight.clone()
    initialise(linear)
    assert torch.equal(linear.weight, before)


def test_interpolation_along_a_length_is_that_of_torch() -> None:
    x = example((4, 6), 2)
    ours = built(call_of(("upsample", (4, 6), {"factor": 3, "mode": "linear"})))
    torch.testing.assert_close(ours(x), nn.Upsample(scale_factor=3, mode="linear")(x))


def test_squeeze_excite_by_its_formula() -> None:
    module, x = built(call_of(("squeeze_excite", (8, 3, 5), {}))), example((8, 3, 5), 2)
    w = {name: value.flatten(1) if value.dim() > 1 else value for name, value in module.named_parameters()}
    hidden = torch.relu(x.mean((2, 3)) @ w["squeeze.weight"].T + w["squeeze.bias"])
    gates = torch.sigmoid(hidden @ w["expand.weight"].T + w["expand.bias"])
    torch.testing.assert_close(module(x), x * gates[:, :, None, None])
