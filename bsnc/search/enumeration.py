"""Every sample that the gates of a graph can give, where there are few."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from bsnc.ir import Gate, Graph

FEW = 4096
"""Up to so many samples are enumerated."""


def sample_count(graph: Graph) -> int:
    """How many samples the gates can give."""
    return math.prod(len(_values(gate)) for gate in graph.gates)


def every_sample(graph: Graph) -> NDArray[np.bool_]:
    """All samples of a graph's gates, `[N, S]`."""
    rows = [[on for value in sample for on in value] for sample in itertools.product(*map(_values, graph.gates))]
    return np.array(rows, dtype=bool).reshape(len(rows), graph.switch_count)


def _values(gate: Gate) -> list[tuple[bool, ...]]:
    """The values that the switches of a gate can have."""
    if gate.kind == "categorical":
        return [tuple(i == on for i in range(gate.switches)) for on in range(gate.switches)]
    return [(False,), (True,)]
