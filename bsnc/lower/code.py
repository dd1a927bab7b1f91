"""The code of an SS-network without its modules: who only reads it need not wait for weights."""

from __future__ import annotations

from bsnc.ir import Graph
from bsnc.lower.stochastic import (
    _stochastic_code,  # pyright: ignore[reportPrivateUsage]
    edge_attributes,
    node_attributes,
)


def stochastic_code(graph: Graph) -> str:
    """What `lower_stochastic(graph).code` is."""
    code = _stochastic_code(graph, edge_attributes(graph), node_attributes(graph))
    return str(code.python_code("self").src)
