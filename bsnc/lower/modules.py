"""Ops → torch modules, with parameters initialised as the field does."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from torch import nn
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
    return module


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
