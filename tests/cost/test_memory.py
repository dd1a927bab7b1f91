"""`memory` and `weights`: as a simulation of the network counts, for every architecture."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given

from bsnc.cost import cost_of
from bsnc.ir import CostKey, Graph, live_edges, removable
from bsnc.lower import lower_static
from bsnc.lower.stochastic import edge_attributes, node_attributes
from bsnc.passes import ApplyArchitecture
from tests.laws.memory import may_need_less, peak
from tests.laws.strategies import law, networks_and_masks
from tests.laws.weights import examples

MEMORY, WEIGHTS = CostKey(name="memory"), CostKey(name="weights")
TENSORS = CostKey(name="memory", options=(("of", "tensors"),))


def architecture(graph: Graph, mask: np.ndarray) -> Graph:
    kept = [edge.name for edge, keep in zip(graph.edges, mask, strict=True) if keep]
    return ApplyArchitecture(kept).run(graph).graph


def simulated(graph: Graph) -> tuple[int, int]:
    """Bytes of tensors, and of weights, of the network of all edges of a graph."""
    plain = lower_static(graph).eval()
    edges, nodes = edge_attributes(graph), node_attributes(graph)
    target_of = {edges[e.name]: nodes[e.target] for e in graph.edges}
    bytes_of_tensors = peak(plain, examples(graph, 1, dtype=torch.float32), target_of)
    numbers = sum(t.numel() for name, t in plain.state_dict().items() if not name.endswith("num_batches_tracked"))
    return bytes_of_tensors, 4 * numbers


@law(150)
@given(networks_and_masks())
def test_memory_and_weights_are_those_of_a_simulation(case: tuple[Graph, np.ndarray]) -> None:
    graph, rows = case
    live = torch.from_numpy(live_edges(graph, rows))
    memory, weights = cost_of(MEMORY, graph)(live).tolist(), cost_of(WEIGHTS, graph)(live).tolist()
    tensors_alone = cost_of(TENSORS, graph)(live).tolist()
    assert memory == [a + b for a, b in zip(weights, tensors_alone, strict=True)]
    for i, row in enumerate(rows):
        chosen = architecture(graph, row)
        if not live[i].any():
            assert memory[i] == weights[i] == 0
            continue
        tensors, stored = simulated(chosen)
        assert weights[i] == stored
        if may_need_less(chosen, {graph.nodes[v].name for v in removable(graph)}):
            assert memory[i] >= stored + tensors
        else:
            assert memory[i] == stored + tensors


@law(100)
@given(networks_and_masks())
def test_what_lies_below_never_exceeds_memory(case: tuple[Graph, np.ndarray]) -> None:
    graph, rows = case
    live = torch.from_numpy(live_edges(graph, rows))
    for key in (MEMORY, TENSORS):
        memory = cost_of(key, graph)
        assert all((part(live) <= memory(live)).all() for part in memory.below)
