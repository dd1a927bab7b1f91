"""Whether two forms of a network compute the same: ONNX Runtime against torch, on the same examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]
import torch
from numpy.typing import NDArray
from torch import nn

from bsnc.diagnostics import first_line
from bsnc.ir import Frozen

TOLERANCE = 1e-4
_BATCH = 256
_WORST = float(np.finfo(np.float32).max)


class Parity(Frozen):
    """The largest absolute difference of outputs over some examples."""

    max_abs_diff: float
    examples: int
    tolerance: float = TOLERANCE

    @property
    def holds(self) -> bool:
        return self.max_abs_diff <= self.tolerance


class ModelRunError(RuntimeError):
    """ONNX Runtime cannot load a model, or cannot run it on these examples. The message is one line."""


def run_onnx(model: onnx.ModelProto, examples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The first output of a model in ONNX Runtime on the CPU. Raises ModelRunError."""
    return np.concatenate(list(_in_batches(model, examples)))


def _in_batches(model: onnx.ModelProto, examples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    content = model.SerializeToString()
    try:
        session = cast(
            Any, ort.InferenceSession(content, options, providers=["CPUExecutionProvider"], enable_fallback=0)
        )
        name = session.get_inputs()[0].name
        for batch in _batches(examples):
            yield session.run(None, {name: batch})[0]
    except Exception as error:  # the exceptions of ONNX Runtime have no other base class
        raise ModelRunError(first_line(error)) from error


def _batches(examples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    return (examples[i : i + _BATCH] for i in range(0, len(examples), _BATCH))


@torch.no_grad()
def measure_parity(model: onnx.ModelProto, network: nn.Module, examples: NDArray[np.float32]) -> Parity:
    """Compare a model with a torch network in evaluation mode on examples `[N, …]`, batch by batch, for outputs may be
    large. Raises ModelRunError.

    Where either is not finite, or their shapes differ, the difference is the greatest float32.
    """
    network.eval()
    difference = 0.0
    for batch, found in zip(_batches(examples), _in_batches(model, examples), strict=True):
        expected = network(torch.from_numpy(batch)).numpy()
        if found.shape != expected.shape:
            return Parity(max_abs_diff=_WORST, examples=len(examples))
        gaps = np.abs(found.astype(np.float64) - expected)
        difference = max(difference, float(np.nan_to_num(gaps, nan=_WORST, posinf=_WORST).max()))
    return Parity(max_abs_diff=difference, examples=len(examples))
