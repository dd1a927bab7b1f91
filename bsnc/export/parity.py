"""Whether two forms of a network compute the same: ONNX Runtime against torch, on the same examples."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import onnx
import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]
import torch
from numpy.typing import NDArray
from torch import nn

from bsnc.ir import Frozen

TOLERANCE = 1e-4
_BATCH = 256


class Parity(Frozen):
    """The largest absolute difference of outputs over some examples."""

    max_abs_diff: float
    examples: int
    tolerance: float = TOLERANCE

    @property
    def holds(self) -> bool:
        return self.max_abs_diff <= self.tolerance


def run_onnx(model: onnx.ModelProto, examples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Outputs of a model in ONNX Runtime on the CPU, in batches."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = cast(Any, ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]))
    name = session.get_inputs()[0].name
    outputs = [session.run(None, {name: examples[i : i + _BATCH]})[0] for i in range(0, len(examples), _BATCH)]
    return np.concatenate(outputs)


@torch.no_grad()
def measure_parity(model: onnx.ModelProto, network: nn.Module, examples: NDArray[np.float32]) -> Parity:
    """Compare a model with a torch network in evaluation mode on examples `[N, …]`."""
    network.eval()
    expected = [network(torch.from_numpy(examples[i : i + _BATCH])) for i in range(0, len(examples), _BATCH)]
    found = run_onnx(model, examples)
    difference = np.abs(found - torch.cat(expected).numpy()).max()
    return Parity(max_abs_diff=float(difference), examples=len(examples))
