"""A cost of one's own, which `photos.bsn` bounds by `budget extern "photo_costs:energy"`."""

from __future__ import annotations

from bsnc.ir import Graph

MULTIPLY_ADD, FETCH = 4.6, 640.0
"""Picojoules: of a multiplication and an addition in float32, and of 32 bits out of DRAM, in 45 nm (Horowitz, ISSCC
2014)."""


def energy(graph: Graph) -> float:
    """Nanojoules for one image: what is multiplied, and each parameter fetched once."""
    picojoules = 0.0
    for edge in graph.edges:
        for call in edge.module:
            shapes = call.arguments, call.in_shape, call.out_shape
            picojoules += MULTIPLY_ADD * call.definition.multiply_adds(*shapes)
            picojoules += FETCH * call.definition.parameter_count(*shapes)
    return picojoules / 1000
