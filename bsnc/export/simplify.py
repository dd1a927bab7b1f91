"""What the exporter leaves → the operators that are needed. The only module that knows onnxscript."""

from __future__ import annotations

from collections.abc import Container

from onnxscript import ir, optimizer, rewriter
from onnxscript.rewriter.rules import common as rules

_RULES = [
    rules.add_0_rule,
    rules.cast_constant_of_shape_rule,
    rules.cast_constant_of_shape_without_value_rule,
    rules.div_by_1_rule,
    rules.flatten_to_reshape_rule,
    rules.materialize_reshape_shape_rule,
    rules.mul_by_1_rule,
    rules.no_op_cast_rule,
    rules.no_op_expand_rule,
    rules.no_op_transpose_rule,
    rules.squeeze_reshape_1d_rule,
    rules.sub_0_rule,
]


def simplify(model: ir.Model) -> None:
    """Constant folding, and removal of operators that do nothing. Unlike the exporter's own optimisation this merges no
    equal tensors, no equal subgraphs and no operators of different ops, and it does not fold what reshapes a weight:
    every layer keeps its weights under its name, in their shape, to be counted. ONNX Runtime does all that as it loads.
    """
    weights = set(model.graph.initializers.values())

    def should_fold(node: ir.Node) -> bool | None:
        """None leaves the choice to the optimiser."""
        return None if weights.isdisjoint(node.inputs) else False

    optimizer.fold_constants(model, onnx_shape_inference=True, should_fold=should_fold)
    rewriter.rewrite(model, _RULES)
    _drop_made_up_biases(model, weights)
    optimizer.remove_unused_nodes(model)


def _drop_made_up_biases(model: ir.Model, weights: Container[ir.Value]) -> None:
    """The exporter gives layers without a bias one of zeros. Biases of the network stay, zero or not."""
    for node in model.graph:
        if node.op_type in ("Conv", "ConvTranspose", "Gemm") and len(node.inputs) == 3:
            bias = node.inputs[2]
            if bias is None or bias in weights or bias.const_value is None:
                continue
            if not bias.const_value.numpy().any():
                node.resize_inputs(2)
