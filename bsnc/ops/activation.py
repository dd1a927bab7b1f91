"""Activations. The elementwise ones without parameters are allowed in the pipelines of nodes too."""

from __future__ import annotations

from bsnc.ops.op import Op, TorchCall
from bsnc.ops.parameter import Arguments, OpParameter
from bsnc.ops.shapes import Shape, ShapeError


def _activation(name: str, torch_class: str, summary: str, *parameters: OpParameter, keeps_zero: bool = True) -> Op:
    """`keeps_zero`: its value at 0 is 0."""

    def torch(arguments: Arguments, shape: Shape) -> TorchCall:  # noqa: ARG001
        return TorchCall(f"torch.nn:{torch_class}", dict(arguments))

    return Op(
        name=name,
        family="activation",
        summary=summary,
        parameters=parameters,
        torch=torch,
        activation=True,
        result="in place",
        keeps_zero_channels=keeps_zero,
    )


def _with_channels(arguments: Arguments, shape: Shape) -> Shape:  # noqa: ARG001
    if not shape:
        raise ShapeError("needs at least one dimension")
    return shape


def _channels(arguments: Arguments, source: Shape, target: Shape) -> int:  # noqa: ARG001
    return source[0]


OPS = (
    _activation("relu", "ReLU", "max(0, x)."),
    _activation("relu6", "ReLU6", "min(max(0, x), 6)."),
    _activation(
        "leaky_relu",
        "LeakyReLU",
        "x where positive, `negative_slope`·x elsewhere.",
        OpParameter("negative_slope", "float", default=0.01),
    ),
    Op(
        name="prelu",
        family="activation",
        summary="x where positive, a·x elsewhere, with a slope a learned for each channel (He et al., 2015).",
        output_shape=_with_channels,
        parameter_count=_channels,
        result="in place",
        torch=lambda arguments, shape: TorchCall("torch.nn:PReLU", {"num_parameters": shape[0]}),  # noqa: ARG005
        keeps_zero_channels=True,
    ),
    _activation(
        "elu",
        "ELU",
        "x where positive, `alpha` · (exp(x) − 1) elsewhere.",
        OpParameter("alpha", "float", default=1.0),
    ),
    _activation("selu", "SELU", "1.0507 · elu(x, 1.6733), which keeps mean 0 and variance 1 (Klambauer et al., 2017)."),
    _activation("sigmoid", "Sigmoid", "1 / (1 + exp(−x)).", keeps_zero=False),
    _activation("hard_sigmoid", "Hardsigmoid", "relu6(x + 3) / 6.", keeps_zero=False),
    _activation("tanh", "Tanh", "Hyperbolic tangent."),
    _activation("hard_tanh", "Hardtanh", "min(max(−1, x), 1)."),
    _activation("silu", "SiLU", "x · sigmoid(x)."),
    _activation("hard_swish", "Hardswish", "x · relu6(x + 3) / 6."),
    _activation("gelu", "GELU", "x · Φ(x), Φ the normal distribution function."),
    _activation("mish", "Mish", "x · tanh(softplus(x))."),
    _activation("softplus", "Softplus", "log(1 + exp(x)).", keeps_zero=False),
    _activation("softsign", "Softsign", "x / (1 + |x|)."),
    Op(
        name="softmax",
        family="activation",
        summary="exp(x) / Σ exp(x), the sum over channels.",
        output_shape=_with_channels,
        result="in place",
        torch=lambda arguments, shape: TorchCall("torch.nn:Softmax", {"dim": 1}),  # noqa: ARG005
    ),
)
