"""Where and how a latency is measured: the machine, ONNX Runtime, threads, batch."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray

from bsnc.diagnostics import Diagnosed, Diagnostic, first_line
from bsnc.ir import CostKey, Frozen

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class Setting(Frozen):
    """What a time in seconds holds for. `device` is the kind, `device_name` the model of the processor or GPU."""

    device: str
    device_name: str
    onnxruntime: str
    threads: int
    batch: int

    @classmethod
    def of(cls, key: CostKey) -> Setting:
        """That of a cost `latency(device, threads, batch)`. Raises Diagnosed (BSN521) where this machine lacks it."""
        options = {name: option.default for name, option in key.signature.options.items()} | dict(key.options)
        device = str(options["device"])
        if _PROVIDERS[device] not in ort.get_available_providers():
            raise cannot_measure(f"ONNX Runtime has no provider for `{device}` on this machine", _install(device))
        return cls(
            device=device,
            device_name=_device_name(device),
            onnxruntime=str(ort.__version__),
            threads=int(options["threads"] or 1),
            batch=int(options["batch"] or 1),
        )


class Session:
    """A model loaded in ONNX Runtime, with an input `[batch, …]` of float32 noise."""

    def __init__(self, model: onnx.ModelProto, setting: Setting) -> None:
        """Raises Diagnosed (BSN521) where ONNX Runtime cannot load the model on the device."""
        options = ort.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = setting.threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        self.on_one_thread = setting.device == "cpu" and setting.threads == 1
        wanted = _PROVIDERS[setting.device]
        try:
            loaded = ort.InferenceSession(model.SerializeToString(), options, providers=[wanted])
        except Exception as error:  # the exceptions of ONNX Runtime have no other base class
            raise _refused(error) from error
        self._session = cast(Any, loaded)
        if wanted not in self._session.get_providers():
            raise cannot_measure(f"ONNX Runtime cannot load its {wanted}", _install(setting.device))
        noise = np.random.default_rng(0)
        self._feed = {
            value.name: noise.standard_normal((setting.batch, *value.shape[1:]), dtype=np.float32)
            for value in self._session.get_inputs()
        }

    def run(self) -> NDArray[np.float32]:
        """One inference; gives the first output. Raises Diagnosed (BSN521)."""
        try:
            return self._session.run(None, self._feed)[0]
        except Exception as error:
            raise _refused(error) from error


def cannot_measure(message: str, help: str | None = None) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN521", message, subject="latency", help=help))


def _refused(error: Exception) -> Diagnosed:
    return cannot_measure(f"ONNX Runtime cannot run the network: {first_line(error)}")


def _install(device: str) -> str | None:
    return (
        "where there is a GPU install `onnxruntime-gpu` and the CUDA libraries that it names, else measure on `cpu`"
        if device == "cuda"
        else None
    )


def _device_name(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name() if torch.cuda.is_available() else "cuda"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
