"""What a profile knows of the latency of a graph's parts."""

from __future__ import annotations

from bsnc.ir import Frozen


class LatencyTable(Frozen):
    """Seconds of live edges and live nodes of one graph, in its order, and of a run whatever is live: what whole
    architectures took, as fitted by `bsnc profile`."""

    edges: tuple[float, ...]
    nodes: tuple[float, ...]
    constant: float
