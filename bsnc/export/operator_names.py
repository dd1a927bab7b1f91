"""Operators of a file bear the name of the op that they come from: `edges.<edge>.<op>/Conv`, `nodes.<node>.add/Add_1`.

Like all that a file says of itself these names are claims: `verify` holds what follows from them against the spec.
"""

from __future__ import annotations

from ast import literal_eval
from collections import Counter

import onnx

_SCOPES = "pkg.torch.onnx.name_scopes"
_PLACES = ("edges", "nodes")


def name_operators(model: onnx.ModelProto) -> None:
    """Name each operator after the module of the lowered network that it comes from, as the exporter noted it."""
    seen: Counter[str] = Counter()
    for node in model.graph.node:
        name = f"{_module_of(node) or 'graph'}/{node.op_type}"
        node.name = f"{name}_{seen[name]}" if seen[name] else name
        seen[name] += 1


def op_of(node: onnx.NodeProto) -> str | None:
    """`edges.<edge>.<op>` or `nodes.<node>.<op>`, as the operator's name says; None where it says no such thing."""
    path = str(node.name).partition("/")[0]  # protobuf hands out bytes where a damaged file has no text
    parts = path.split(".")
    return path if len(parts) == 3 and parts[0] in _PLACES and "/" in node.name else None


def _module_of(node: onnx.NodeProto) -> str | None:
    """The innermost `edges.…` or `nodes.…` of the noted scopes, down to the op."""
    noted = next((entry.value for entry in node.metadata_props if entry.key == _SCOPES), "[]")
    scopes = [scope for scope in literal_eval(noted) if scope.split(".")[0] in _PLACES and scope.count(".") >= 2]
    return ".".join(scopes[0].split("@")[0].split(".")[:3]) if scopes else None
