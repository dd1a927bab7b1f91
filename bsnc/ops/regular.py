"""Regularisation: active in training, the identity in evaluation."""

from __future__ import annotations

from bsnc.ops.op import Op, TorchCall
from bsnc.ops.parameter import OpParameter

OPS = (
    Op(
        name="dropout",
        family="regularisation",
        summary="In training each element is set to 0 with probability `p` and divided by 1 − p otherwise; the "
        "identity in evaluation, and absent from exported models (Srivastava et al., 2014).",
        parameters=(OpParameter("p", "float", default=0.5, minimum=0, maximum=1),),
        torch=lambda arguments, shape: TorchCall("torch.nn:Dropout", dict(arguments)),  # noqa: ARG005
        result="view",
        unit_steps=0,
        keeps_zero_channels=True,
    ),
)
