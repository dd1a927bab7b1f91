"""Lowering: graph → torch.fx.GraphModule with initialised weights."""

from bsnc.lower.execute import execute
from bsnc.lower.fx import fold_batch_norm, join_upsampling
from bsnc.lower.live_rows import LiveEdge, LiveNode, LiveRows, own_rows
from bsnc.lower.norms import running_where_single
from bsnc.lower.probe import probe_extern
from bsnc.lower.sharing import sharing
from bsnc.lower.static import lower_static
from bsnc.lower.stochastic import edge_attributes, lower_stochastic, node_attributes, op_paths, stochastic_code
from bsnc.lower.weights import copy_weights

__all__ = [
    "LiveEdge",
    "LiveNode",
    "LiveRows",
    "copy_weights",
    "edge_attributes",
    "execute",
    "fold_batch_norm",
    "join_upsampling",
    "lower_static",
    "lower_stochastic",
    "node_attributes",
    "op_paths",
    "own_rows",
    "probe_extern",
    "running_where_single",
    "sharing",
    "stochastic_code",
]
