"""The graph IR: S-networks, budgets and sections as frozen data. Torch-free."""

from bsnc.ir.architecture import architecture_of, without_empty_slots, without_gates
from bsnc.ir.budget import COST_SIGNATURES, Budget, CostKey, CostOption, CostSignature, every_cost, signature_of
from bsnc.ir.channels import channel_pairs, mixing_call, narrowed, removable
from bsnc.ir.config import (
    SECTIONS,
    Constant,
    Cosine,
    Crop,
    DataConfig,
    Digits,
    Flip,
    Hub,
    OneCycle,
    Parquet,
    SearchConfig,
    Sgd,
    Step,
    Strategy,
    TrainConfig,
)
from bsnc.ir.graph import Edge, Frozen, Gate, Graph, Node, OpCall, Slot
from bsnc.ir.listing import module_text, pipeline_text, print_graph, shape_text
from bsnc.ir.liveness import edges_on_a_path, forced_edges, live_bits, live_edges, reached_edges
from bsnc.ir.networkx_view import to_networkx
from bsnc.ir.program import IrFormatError, Program, Setting, dump_program, graph_hash, load_program
from bsnc.ir.quantity import as_bound, exactly, roughly
from bsnc.ir.schedule import makes_tensor, scheduled_arrivals
from bsnc.ir.verify import InvalidGraphError, verify

__all__ = [
    "COST_SIGNATURES",
    "SECTIONS",
    "Budget",
    "Constant",
    "Cosine",
    "CostKey",
    "CostOption",
    "CostSignature",
    "Crop",
    "DataConfig",
    "Digits",
    "Edge",
    "Flip",
    "Frozen",
    "Gate",
    "Graph",
    "Hub",
    "InvalidGraphError",
    "IrFormatError",
    "Node",
    "OneCycle",
    "OpCall",
    "Parquet",
    "Program",
    "SearchConfig",
    "Setting",
    "Sgd",
    "Slot",
    "Step",
    "Strategy",
    "TrainConfig",
    "architecture_of",
    "as_bound",
    "channel_pairs",
    "dump_program",
    "edges_on_a_path",
    "every_cost",
    "exactly",
    "forced_edges",
    "graph_hash",
    "live_bits",
    "live_edges",
    "load_program",
    "makes_tensor",
    "mixing_call",
    "module_text",
    "narrowed",
    "pipeline_text",
    "print_graph",
    "reached_edges",
    "removable",
    "roughly",
    "scheduled_arrivals",
    "shape_text",
    "signature_of",
    "to_networkx",
    "verify",
    "without_empty_slots",
    "without_gates",
]
