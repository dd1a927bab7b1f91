"""Ops → torch modules, with parameters initialised as the field does."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd  # pyright: ignore[reportPrivateUsage]

from bsnc.ir import OpCall
from bsnc.ops import EXTERN


def build_op(call: OpCall) -> nn.Module:
    """The torch module of an op, freshly initialised from torch's global generator; the user's own as it is built."""
    torch_call = call.definition.torch(call.arguments, call.in_shape)
    package, _, class_name = torch_call.target.partition(":")
    constructor = attrgetter(class_name)(importlib.import_module(package))
    module: nn.Module = constructor(**torch_call.arguments)
    if call.op != EXTERN:
        initialise(module)
    for part in module.modules():
        if isinstance(part, nn.Conv2d) and _is_unsafe(part):
            part.register_forward_pre_hook(_channels_first)
        elif isinstance(part, nn.GroupNorm):
            part.register_forward_pre_hook(_images_channels_first)
    return module


def _is_unsafe(convolution: nn.Conv2d) -> bool:
    """Whether oneDNN, as in torch 2.13, writes beyond its memory in the backward pass, with channels last: kernel 1, a
    stride, and 2 to 7 channels. Found by trying sizes on a CPU with AVX2."""
    strided = max(convolution.stride) > 1 and set(convolution.kernel_size) == {1}
    return strided and convolution.in_channels < 8


def _channels_first(_: nn.Module, taken: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
    """What a convolution takes, laid out as is safe; as it is where no gradient is asked for, or it is exported."""
    if not torch.is_grad_enabled() or torch.compiler.is_compiling():
        return None
    return (taken[0].contiguous(),)


def _images_channels_first(norm: nn.Module, taken: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
    """What a group norm takes: as of torch 2.13 its backward pass crashes on a CPU where channels are last and no
    gradient of it is asked for, as of images."""
    return None if taken[0].requires_grad else _channels_first(norm, taken)


def initialise(module: nn.Module) -> None:
    """Convolutions by He et al. (2015), fan-out, zero bias; all else as torch's constructor left it.

    A transposed convolution holds its weights as [in, out / groups, …]: what torch calls fan-in is its fan-out.
    """
    for part in module.modules():
        if isinstance(part, _ConvNd):
            fan = "fan_in" if part.transposed else "fan_out"
            nn.init.kaiming_normal_(part.weight, mode=fan, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def build_ops(calls: Sequence[OpCall]) -> dict[str, nn.Module]:
    """The ops of an edge by name, in order."""
    return {name: build_op(call) for name, call in zip(op_names(calls), calls, strict=True)}


def op_names(calls: Sequence[OpCall]) -> list[str]:
    """Distinct names of the ops of a chain: `conv`, `batch_norm`, `conv_1`, …"""
    names: list[str] = []
    seen: Counter[str] = Counter()
    for call in calls:
        names.append(f"{call.op}_{seen[call.op]}" if seen[call.op] else call.op)
        seen[call.op] += 1
    return names
