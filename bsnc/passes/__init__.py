"""Passes over the graph IR, one file each."""

from bsnc.passes.apply_architecture import ApplyArchitecture
from bsnc.passes.graph_pass import GraphPass, PassResult
from bsnc.passes.prune_dead_edges import PruneDeadEdges

__all__ = ["ApplyArchitecture", "GraphPass", "PassResult", "PruneDeadEdges"]
