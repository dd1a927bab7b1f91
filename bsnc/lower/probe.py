"""What a module of the user's own delivers and costs, found by running it. This runs the user's code."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from operator import attrgetter
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bsnc.diagnostics import Diagnosed, Diagnostic, error_in_short
from bsnc.ops import ExternFacts, Shape

_BATCH = 2


def probe_extern(target: str, arguments: Mapping[str, object], shape: Shape) -> ExternFacts:
    """Build `package.module:Class` and run it in evaluation mode on a batch of zeros.

    Multiply-adds are half of what torch's FlopCounterMode counts for one example. Raises Diagnosed (BSN218).
    """
    try:
        package, _, name = target.partition(":")
        module: Any = attrgetter(name)(importlib.import_module(package))(**arguments)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise _broken(f"`{target}` cannot be built", error) from None
    if not isinstance(module, nn.Module):
        raise Diagnosed(Diagnostic("BSN218", f"`{target}` makes {_article(module)}, not a torch.nn.Module"))
    delivered, flops = _run(target, module.eval(), shape)
    parameters = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return ExternFacts(delivered, flops // (2 * _BATCH), parameters)


def _run(target: str, module: nn.Module, shape: Shape) -> tuple[Shape, int]:
    counter = FlopCounterMode(display=False)
    try:
        with torch.no_grad(), counter:
            result = cast(object, module(torch.zeros(_BATCH, *shape)))
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise _broken(f"`{target}` fails on an input of shape {list(shape)}", error) from None
    if not isinstance(result, Tensor) or result.dim() == 0 or len(result) != _BATCH:
        message = f"`{target}` must deliver one tensor with an entry for each example, not {_article(result)}"
        raise Diagnosed(Diagnostic("BSN218", message))
    return tuple(result.shape[1:]), counter.get_total_flops()


def _article(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)}"
    return f"an object of type {type(value).__name__}"


def _broken(message: str, error: BaseException) -> Diagnosed:
    return Diagnosed(Diagnostic("BSN218", f"{message}: {error_in_short(error)}"))
