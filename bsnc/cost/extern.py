"""Costs of the user's own: a Python function of the graph of an architecture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from numbers import Real

import numpy as np
import torch
from torch import Tensor

from bsnc.cost.linear import LinearCost
from bsnc.diagnostics import Diagnosed, Diagnostic, error_in_short
from bsnc.ir import CostKey, Graph, architecture_of, without_gates

REMEMBERED = 2**16
"""Architectures whose cost is remembered, the latest used."""


@dataclass(frozen=True)
class ExternCost:
    """`extern "package.module:function"`: what `function` returns for the graph that `architecture_of` makes of the
    live edges, a finite number of at least 0. It is called once for each architecture.

    Calling it raises Diagnosed (BSN218) where the function fails or returns something else.
    """

    key: CostKey
    graph: Graph
    function: Callable[[Graph], float]

    @property
    def grows(self) -> bool:
        return False

    @property
    def below(self) -> tuple[LinearCost, ...]:
        return ()

    def lower_bound(self, live: Tensor) -> Tensor:
        """Nothing is known of a function but that it is not negative."""
        return torch.zeros(len(live), dtype=torch.float64, device=live.device)

    def __call__(self, live: Tensor) -> Tensor:
        packed = np.packbits(live.cpu().numpy(), axis=1)
        rows = [row.tobytes() for row in packed]
        values = {row: self._value(row) for row in dict.fromkeys(rows)}
        return torch.tensor([values[row] for row in rows], dtype=torch.float64, device=live.device)

    @cached_property
    def _value(self) -> Callable[[bytes], float]:
        """The cost of a packed row of live edges; what was told once is remembered."""
        return lru_cache(REMEMBERED)(self._told)

    @cached_property
    def _fixed(self) -> Graph:
        """Without gates, so that architectures need not lose them one by one."""
        return without_gates(self.graph)

    def _told(self, row: bytes) -> float:
        bits = np.unpackbits(np.frombuffer(row, dtype=np.uint8), count=len(self.graph.edges))
        live = {edge.name for edge, bit in zip(self.graph.edges, bits.tolist(), strict=True) if bit}
        if not live:
            return 0.0
        architecture = architecture_of(self._fixed, live)
        try:
            value: object = self.function(architecture)
        except (Exception, SystemExit) as error:  # whatever the user's code raises
            raise self._broken(f"fails on an architecture of {_edges(live)}: {error_in_short(error)}") from None
        number = _number(value)
        if number is None or not math.isfinite(number) or number < 0:
            shown = f"an object of type {type(value).__name__}" if number is None else f"{number:g}"
            raise self._broken(f"must return a finite number of at least 0, not {shown}")
        return number

    def _broken(self, what: str) -> Diagnosed:
        return Diagnosed(Diagnostic("BSN218", f"`{self.key.function}` {what}", subject=f"budget {self.key}"))


def _number(value: object) -> float | None:
    """A number as a float, infinite where no float is as great; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _edges(live: set[str]) -> str:
    return f"{len(live)} edge{'' if len(live) == 1 else 's'}"
