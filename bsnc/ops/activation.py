"""Elementwise activations: allowed on edges and in the pipelines of nodes."""

from __future__ import annotations

from bsnc.ops.op import Arguments, Op, OpParameter, Shape, TorchCall


def _activation(name: str, torch_class: str, summary: str, *parameters: OpParameter) -> Op:
    def torch(arguments: Arguments, shape: Shape) -> TorchCall:  # noqa: ARG001
        return TorchCall(f"torch.nn:{torch_class}", dict(arguments))

    return Op(name=name, family="activation", summary=summary, parameters=parameters, torch=torch, activation=True)


OPS = (
    _activation("relu", "ReLU", "max(0, x)."),
    _activation(
        "leaky_relu",
        "LeakyReLU",
        "x where positive, `negative_slope`·x elsewhere.",
        OpParameter("negative_slope", "float", default=0.01),
    ),
    _activation("sigmoid", "Sigmoid", "1 / (1 + exp(−x))."),
    _activation("tanh", "Tanh", "Hyperbolic tangent."),
    _activation("silu", "SiLU", "x · sigmoid(x)."),
    _activation("gelu", "GELU", "x · Φ(x), Φ the normal distribution function."),
    _activation("hard_swish", "Hardswish", "x · relu6(x + 3) / 6."),
)
