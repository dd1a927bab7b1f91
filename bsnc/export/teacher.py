"""A model file that teaches: run by ONNX Runtime, called with torch's tensors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]
import torch
from torch import Tensor, nn

from bsnc.diagnostics import Diagnosed, Diagnostic, first_line
from bsnc.export.parity import ModelRunError
from bsnc.export.verify import read_model


def load_teacher(path: Path, content: bytes, threads: int) -> Callable[[Tensor], Tensor]:
    """The function of a model of one input: normalised inputs `[B, …]` (float32) → its first output. On one machine
    the same number of threads gives the same numbers.

    Raises Diagnosed (BSN507, BSN511); the function raises ModelRunError.
    """
    read_model(path, content)
    options = ort.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, threads
    try:
        session = cast(Any, ort.InferenceSession(content, options, providers=["CPUExecutionProvider"]))
    except Exception as error:  # the exceptions of ONNX Runtime have no other base class
        raise _unfit(path, f"ONNX Runtime cannot load the teacher: {first_line(error)}") from None
    inputs = [argument.name for argument in session.get_inputs()]
    if len(inputs) != 1:
        raise _unfit(path, f"the teacher takes {len(inputs)} inputs, not one batch")

    def teacher(batch: Tensor) -> Tensor:
        try:
            return torch.from_numpy(session.run(None, {inputs[0]: batch.cpu().numpy()})[0])
        except Exception as error:
            raise ModelRunError(first_line(error)) from None

    return teacher


def module_teacher(module: nn.Module) -> Callable[[Tensor], Tensor]:
    """The function of a torch module in evaluation mode, on the device of its batch; it raises ModelRunError."""
    module.eval()

    @torch.no_grad()
    def teacher(batch: Tensor) -> Tensor:
        try:
            return module.to(batch.device)(batch)
        except Exception as error:  # whatever the user's code raises
            raise ModelRunError(first_line(error)) from None

    return teacher


def check_teacher(path: Path | str, teacher: Callable[[Tensor], Tensor], batch: Tensor, classes: int) -> None:
    """Whether a teacher gives logits `[B, classes]` for a batch `[B, …]`. Raises Diagnosed (BSN507)."""
    shape, wanted = tuple(batch.shape), (len(batch), classes)
    try:
        outputs = teacher(batch)
    except ModelRunError as error:
        raise _unfit(path, f"the teacher cannot be run on a batch {list(shape)}: {error}") from None
    if tuple(outputs.shape) != wanted:
        found = list(outputs.shape)
        raise _unfit(path, f"the teacher makes a batch {list(shape)} into {found}, not into logits {list(wanted)}")
    if outputs.dtype != torch.float32:
        raise _unfit(
            path, f"the teacher gives numbers of type {str(outputs.dtype).removeprefix('torch.')}, not float32"
        )


def _unfit(path: Path | str, message: str) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN507", message, subject=str(path)))
