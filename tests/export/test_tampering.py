"""verify catches whatever is changed in a model: each change by itself, with the code that names it."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from bsnc.diagnostics import Diagnosed
from bsnc.export import Verification, read_model, read_provenance, recount, verify_model
from bsnc.ir import CostKey, every_cost
from tests.laws.build import FIXED, conv, network, pool
from tests.laws.exports import Exported, export_of, exported
from tests.laws.strategies import law

PATH = Path("model.onnx")
GENEROUS = [(key, 1e12) for key in every_cost()]
Tamper = Callable[[onnx.ModelProto], None]


def check(content: bytes, case: Exported, bounds: Sequence[tuple[CostKey, float]] = GENEROUS) -> Verification:
    """What `bsnc verify` makes of a file."""
    try:
        model = read_model(PATH, content)
    except Diagnosed as mistake:
        return Verification(diagnostics=mistake.diagnostics)
    return verify_model(PATH, model, case.program, bounds, lambda: case.examples)


def codes(result: Verification) -> list[str]:
    return [diagnostic.code for diagnostic in result.diagnostics]


# ---- tools -------------------------------------------------------------------------------------------------------


def nodes(model: onnx.ModelProto, operator: str) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if node.op_type == operator]


def conv_of(model: onnx.ModelProto, edge: str) -> onnx.NodeProto:
    return next(node for node in nodes(model, "Conv") if node.input[1].startswith(f"edges.{edge}."))


def attribute(node: onnx.NodeProto, name: str, value: Any) -> None:
    kept = [a for a in node.attribute if a.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


def weights(model: onnx.ModelProto, name: str) -> np.ndarray:
    return numpy_helper.to_array(next(t for t in model.graph.initializer if t.name == name)).copy()


def store(model: onnx.ModelProto, name: str, value: np.ndarray, kind: type = np.float32) -> None:
    """Add an initialiser, or replace the one of this name."""
    kept = [t for t in model.graph.initializer if t.name != name]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, numpy_helper.from_array(value.astype(kind), name)])


def splice(model: onnx.ModelProto, after: str, operator: str, *inputs: str, **attributes: Any) -> None:
    """Put an operator behind the value `after`: all its users see the operator's output."""
    place = next((i + 1 for i, node in enumerate(model.graph.node) if after in node.output), 0)
    for node in model.graph.node:
        node.input[:] = ["spliced" if name == after else name for name in node.input]
    model.graph.node.insert(place, helper.make_node(operator, [after, *inputs], ["spliced"], **attributes))


def cut(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    """Take an operator out: its users see its first input."""
    for other in model.graph.node:
        other.input[:] = [node.input[0] if name == node.output[0] else name for name in other.input]
    model.graph.node.remove(node)


def metadata(change: Callable[[dict[str, Any]], None]) -> Tamper:
    def edit(model: onnx.ModelProto) -> None:
        data = json.loads(model.metadata_props[0].value)
        change(data)
        model.metadata_props[0].value = json.dumps(data)

    return edit


# ---- changes to the network, which a recount or a comparison must see --------------------------------------------


def weights_as_inputs(model: onnx.ModelProto) -> None:
    """Whoever runs the model might give others."""
    tensor = next(t for t in model.graph.initializer if t.name == "edges.x__a.conv.weight")
    model.graph.input.append(helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.dims))


def extra_convolution(model: onnx.ModelProto) -> None:
    """One that changes nothing: its kernel is the identity."""
    store(model, "edges.x__a.extra.weight", np.eye(2).reshape(2, 2, 1, 1))
    splice(model, "x", "Conv", "edges.x__a.extra.weight")


def convolution_under_the_name_of_another(model: onnx.ModelProto) -> None:
    splice(model, conv_of(model, "a__b__1").output[0], "Conv", "edges.a__b__1.conv.weight", group=3, pads=[1, 1, 1, 1])


def wider_channels(model: onnx.ModelProto) -> None:
    """Four more channels between two convolutions of an edge, all zero: the same function for more work."""
    first, second = "edges.x__a__1.conv", "edges.x__a__1.conv_1"
    store(model, f"{first}.weight", np.pad(weights(model, f"{first}.weight"), [(0, 4), (0, 0), (0, 0), (0, 0)]))
    store(model, f"{first}.bias", np.pad(weights(model, f"{first}.bias"), (0, 4)))
    store(model, f"{second}.weight", np.pad(weights(model, f"{second}.weight"), [(0, 0), (0, 4), (0, 0), (0, 0)]))


def narrower_channels(model: onnx.ModelProto) -> None:
    first, second = "edges.x__a__1.conv", "edges.x__a__1.conv_1"
    store(model, f"{first}.weight", weights(model, f"{first}.weight")[:3])
    store(model, f"{first}.bias", weights(model, f"{first}.bias")[:3])
    store(model, f"{second}.weight", weights(model, f"{second}.weight")[:, :3])


def other_padding(model: onnx.ModelProto) -> None:
    attribute(conv_of(model, "x__a"), "pads", [2, 2, 0, 0])


def other_dilation(model: onnx.ModelProto) -> None:
    node = conv_of(model, "x__a")
    attribute(node, "dilations", [2, 2])
    attribute(node, "pads", [2, 2, 2, 2])


def smaller_stride(model: onnx.ModelProto) -> None:
    """The pooling after it takes over."""
    node = conv_of(model, "x__b")
    attribute(node, "strides", [1, 1])
    splice(model, node.output[0], "MaxPool", kernel_shape=[1, 1], strides=[2, 2])


def stride_that_fits_nothing(model: onnx.ModelProto) -> None:
    attribute(conv_of(model, "x__b"), "strides", [3, 1])


def other_activation(model: onnx.ModelProto) -> None:
    nodes(model, "Relu")[0].op_type = "Tanh"


def other_slope(model: onnx.ModelProto) -> None:
    attribute(nodes(model, "LeakyRelu")[0], "alpha", 0.5)


def no_activation(model: onnx.ModelProto) -> None:
    cut(model, nodes(model, "Relu")[0])


def no_convolution(model: onnx.ModelProto) -> None:
    """And what it delivered is not added any more."""
    node = conv_of(model, "a__b__1")
    sums = next(n for n in nodes(model, "Add") if node.output[0] in n.input)
    if sums.input[0] == node.output[0]:
        sums.input[:] = sums.input[::-1]
    cut(model, sums)
    model.graph.node.remove(node)


def no_batch_norm(model: onnx.ModelProto) -> None:
    cut(model, nodes(model, "BatchNormalization")[0])


def unfolded_batch_norm(model: onnx.ModelProto) -> None:
    """One that changes nothing, with parameters that training could have had."""
    for name, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
        store(model, f"edges.x__a.batch_norm.{name}", np.full(3, value))
    names = [f"edges.x__a.batch_norm.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    splice(model, conv_of(model, "x__a").output[0], "BatchNormalization", *names, epsilon=1e-12)


def weights_beside_the_layers(model: onnx.ModelProto) -> None:
    """A scale of 1 per channel and position, and room to train it."""
    store(model, "scale", np.ones((1, 3, 4, 4)))
    splice(model, conv_of(model, "x__a").output[0], "Mul", "scale")


def weights_in_a_constant(model: onnx.ModelProto) -> None:
    value = numpy_helper.from_array(np.zeros((3, 1, 1), dtype=np.float32))
    model.graph.node.insert(0, helper.make_node("Constant", [], ["shift"], value=value))
    splice(model, conv_of(model, "x__a").output[0], "Add", "shift")


def weights_for_no_one(model: onnx.ModelProto) -> None:
    store(model, "ballast", np.zeros(1000))


def reshaped_weights(model: onnx.ModelProto) -> None:
    store(model, "edges.b__y.linear.weight", weights(model, "edges.b__y.linear.weight").T.copy())


def missing_weights(model: onnx.ModelProto) -> None:
    """The layer reads those of another layer of the same shape."""
    node = conv_of(model, "a__b__1")
    node.input[1] = "other.weight"
    store(model, "other.weight", weights(model, "edges.a__b__1.conv.weight"))


def weights_that_are_not_numbers(model: onnx.ModelProto) -> None:
    value = weights(model, "edges.x__a.conv.weight")
    value[0, 0, 0, 0] = np.nan
    store(model, "edges.x__a.conv.weight", value)


# ---- names, order, types, ballast --------------------------------------------------------------------------------


def all_named_as_one_edge(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.name = "edges.x__a.conv/" + node.name


def one_edge_named_as_another(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.name = node.name.replace("edges.b__c.", "edges.x__a.")


def convolutions_named_as_one_op(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        if node.name.startswith("edges.x__a__1."):
            node.name = "edges.x__a__1.conv/" + node.op_type


def convolutions_named_as_squeeze_excite(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        if node.name.startswith("edges.x__a__1."):
            node.name = "edges.x__a__1.squeeze_excite/" + node.op_type


def no_names(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.name = ""


def aggregation_named_as_an_edge_that_takes_no_step(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.name = node.name.replace("nodes.c.", "edges.a__c.")


def aggregation_named_before_its_arrivals(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.name = node.name.replace("nodes.b.", "nodes.a.")


def stored_in(model: onnx.ModelProto, kind: type) -> None:
    """Half or twice the bytes; a cast gives the convolution what it had."""
    name = "edges.x__a.conv.weight"
    store(model, name, weights(model, name), kind)
    conv_of(model, "x__a").input[1] = "cast"
    model.graph.node.insert(0, helper.make_node("Cast", [name], ["cast"], to=TensorProto.FLOAT))


def stored_in_half(model: onnx.ModelProto) -> None:
    stored_in(model, np.float16)


def stored_in_double(model: onnx.ModelProto) -> None:
    stored_in(model, np.float64)


def larger_weights(model: onnx.ModelProto) -> None:
    value = weights(model, "edges.x__a.conv.weight")
    store(model, "edges.x__a.conv.weight", np.concatenate([value, value]))


def dead_branch(model: onnx.ModelProto) -> None:
    """Computed, and read by nothing."""
    store(model, "scales", np.array([1, 1, 16, 16]))
    source = conv_of(model, "x__a").output[0]
    node = helper.make_node("Resize", [source, "", "scales"], ["dead"], name="edges.x__a.conv/Resize", mode="nearest")
    model.graph.node.append(node)


def hidden_in_whole_numbers(model: onnx.ModelProto) -> None:
    """A large tensor, of another type than those of the network."""
    store(model, "scales", np.array([1, 1, 16, 16]))
    source = conv_of(model, "x__a").output[0]
    for node in (
        helper.make_node("Cast", [source], ["whole"], to=TensorProto.INT32),
        helper.make_node("Resize", ["whole", "", "scales"], ["dead"], mode="nearest"),
    ):
        node.name = f"edges.x__a.conv/{node.op_type}"
        model.graph.node.append(node)


def constants_made_of_constants(model: onnx.ModelProto) -> None:
    """A small tensor in the file, a large one when it runs."""
    store(model, "seed", np.zeros((1, 1, 1, 1)))
    store(model, "scales", np.array([1, 1, 4, 4]))
    model.graph.node.insert(0, helper.make_node("Resize", ["seed", "", "scales"], ["field"], mode="nearest"))
    splice(model, conv_of(model, "x__a").output[0], "Add", "field")


def whole_numbers_for_no_one(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(1000, np.int64), "ballast"))


def sparse_weights(model: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.ones(3, np.float32), "sparse")
    places = numpy_helper.from_array(np.arange(3), "places")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [1000]))


def text_for_no_one(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(helper.make_tensor("text", TensorProto.STRING, [1], [b"0" * 10_000]))


# ---- changes to the interface ------------------------------------------------------------------------------------


def fixed_batch(model: onnx.ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1


def renamed_input(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.input[:] = ["other" if name == "x" else name for name in node.input]
    model.graph.input[0].name = "other"


def second_output(model: onnx.ModelProto) -> None:
    inner = helper.make_tensor_value_info(nodes(model, "Relu")[0].output[0], TensorProto.FLOAT, ["batch", 3, 4, 4])
    model.graph.output.append(inner)


def further_dimension(model: onnx.ModelProto) -> None:
    """Logits `[1, batch, 3]` would broadcast against `[batch, 3]`."""
    node = next(node for node in model.graph.node if "y" in node.output)
    node.output[:] = ["inner" if name == "y" else name for name in node.output]
    axes = helper.make_node("Constant", [], ["axes"], value=numpy_helper.from_array(np.array([0])))
    model.graph.node.extend([axes, helper.make_node("Unsqueeze", ["inner", "axes"], ["y"])])
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "batch", 3]))


# ---- what cannot be counted or is no model -----------------------------------------------------------------------


def unknown_operator(model: onnx.ModelProto) -> None:
    nodes(model, "Relu")[0].op_type = "Celu"


def foreign_operator(model: onnx.ModelProto) -> None:
    nodes(model, "Relu")[0].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def operator_that_hides_a_graph(model: onnx.ModelProto) -> None:
    condition = helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True)))
    node = nodes(model, "Relu")[0]
    typed = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
    branch = helper.make_graph([helper.make_node("Relu", [node.input[0]], ["inner"])], "branch", [], [typed])
    place = list(model.graph.node).index(node)
    choice = helper.make_node("If", ["yes"], list(node.output), then_branch=branch, else_branch=branch)
    model.graph.node.remove(node)
    model.graph.node.insert(place, choice)
    model.graph.node.insert(0, condition)


def operator_of_its_own(model: onnx.ModelProto) -> None:
    """A function that goes by the name of a free operator."""
    inner = [helper.make_node("Relu", ["a"], ["b"])]
    function = helper.make_function("", "Sum", ["a"], ["b"], inner, [helper.make_opsetid("", 20)])
    model.functions.append(function)
    nodes(model, "Relu")[0].op_type = "Sum"


def unknown_shape(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"


def external_weights(model: onnx.ModelProto) -> None:
    tensor = next(t for t in model.graph.initializer if t.name == "edges.x__a.conv.weight")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")


def external_constant(model: onnx.ModelProto) -> None:
    tensor = nodes(model, "Constant")[0].attribute[0].t
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")


def not_in_order(model: onnx.ModelProto) -> None:
    reverse = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(reverse)


def no_graph(model: onnx.ModelProto) -> None:
    del model.graph.node[:]


def future_version(model: onnx.ModelProto) -> None:
    model.ir_version = 999


def future_opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 999


CHANGES: dict[str, tuple[Tamper, str]] = {
    change.__name__: (change, code)
    for code, changes in {
        "BSN513": (
            extra_convolution,
            convolution_under_the_name_of_another,
            wider_channels,
            narrower_channels,
            smaller_stride,
            no_convolution,
            no_batch_norm,
            unfolded_batch_norm,
            weights_beside_the_layers,
            weights_in_a_constant,
            weights_for_no_one,
            missing_weights,
            all_named_as_one_edge,
            one_edge_named_as_another,
            convolutions_named_as_one_op,
            convolutions_named_as_squeeze_excite,
            no_names,
            aggregation_named_as_an_edge_that_takes_no_step,
            aggregation_named_before_its_arrivals,
            stored_in_half,
            stored_in_double,
            dead_branch,
            hidden_in_whole_numbers,
            whole_numbers_for_no_one,
            fixed_batch,
            renamed_input,
            second_output,
            further_dimension,
            weights_as_inputs,
        ),
        "BSN514": (
            other_padding,
            other_dilation,
            other_activation,
            other_slope,
            no_activation,
            weights_that_are_not_numbers,
        ),
        "BSN516": (
            unknown_operator,
            foreign_operator,
            operator_that_hides_a_graph,
            operator_of_its_own,
            unknown_shape,
            constants_made_of_constants,
            sparse_weights,
            text_for_no_one,
        ),
        "BSN511": (
            stride_that_fits_nothing,
            reshaped_weights,
            larger_weights,
            external_weights,
            external_constant,
            not_in_order,
            no_graph,
            future_version,
            future_opset,
        ),
    }.items()
    for change in changes
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_model_is_not_met_and_the_code_says_why(change: str) -> None:
    case, (tamper, code) = exported("fabric"), CHANGES[change]
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    assert check(model.SerializeToString(), case).met
    tamper(model)
    del model.graph.value_info[:]
    result = check(model.SerializeToString(), case)
    assert codes(result) == [code], [d.message for d in result.diagnostics]
    assert not result.met
    assert all(d.message and d.subject == str(PATH) and "\n" not in d.message for d in result.diagnostics)


@pytest.mark.parametrize("change", [external_weights, external_constant])
def test_weights_in_another_file_are_refused_even_where_that_file_exists(
    change: Tamper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights.bin").write_bytes(bytes(10_000))
    monkeypatch.chdir(tmp_path)
    case = exported("fabric")
    for keep_metadata in (True, False):
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        change(model)
        if not keep_metadata:
            del model.metadata_props[:]
        result = check(model.SerializeToString(), case, [])
        assert codes(result) == ["BSN511"] and not result.met


@pytest.mark.parametrize(
    ("field", "value"),
    [("trainable", {}), ("trainable", {"edges.x__a.conv": 1}), ("low_resolution", ("edges.x__a.conv",))],
)
def test_a_recount_alone_sees_metadata_that_the_file_contradicts(field: str, value: object) -> None:
    """Whoever has no spec at hand is told as much as the file can tell."""
    case = exported("fabric")
    provenance = read_provenance(case.model)
    assert provenance is not None
    merged = {**provenance.trainable, **value} if isinstance(value, dict) and value else value
    with pytest.raises(Diagnosed) as caught:
        for key in every_cost():
            recount(case.model, key, provenance.model_copy(update={field: merged}))
    assert [d.code for d in caught.value.diagnostics] == ["BSN513"]


def test_what_a_file_claims_of_inner_shapes_is_not_believed() -> None:
    case = exported("fabric")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    inner = conv_of(model, "x__a").output[0]
    del model.graph.value_info[:]
    model.graph.value_info.append(helper.make_tensor_value_info(inner, TensorProto.FLOAT, ["batch", 3, 1, 1]))
    provenance = read_provenance(model)
    assert {key: recount(model, key, provenance) for key in every_cost()} == case.costs


def test_other_weights_are_another_training_and_no_fault() -> None:
    """What a model computes with its weights is compared, not which weights training should have found."""
    case = exported("fabric")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    store(model, "edges.x__a.conv.weight", weights(model, "edges.x__a.conv.weight") * 2)
    assert check(model.SerializeToString(), case).met


# ---- memory ------------------------------------------------------------------------------------------------------

MEMORY = CostKey(name="memory")


def wide_inside() -> Exported:
    """Two edges that are narrow at their ends and wide inside, with a pool of the same width."""
    chain = [conv(16), pool("max", 3), conv(1)]
    return export_of(network((1, 4, 4), {"y": []}, [("x", "y", chain, FIXED), ("x", "y", chain, FIXED)]))


def test_an_order_of_operators_that_needs_more_memory_is_refused() -> None:
    """What is wide waits until both edges have it."""
    case = wide_inside()
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    wide = [node for node in model.graph.node if node.input[1:2] and node.input[1].endswith(".conv.weight")]
    rest = [node for node in case.model.graph.node if node not in wide]
    wide = [copy.deepcopy(node) for node in wide]
    del model.graph.node[:]
    model.graph.node.extend([*wide, *rest])
    result = check(model.SerializeToString(), case, case.bounds)
    assert codes(result) == ["BSN512", "BSN513"] and not result.met
    grown = case.costs[MEMORY] + 4 * (16 - 1) * 16  # one wide tensor more, and no output yet
    assert f"{grown:,} bytes" in result.diagnostics[0].message and str(grown) in result.diagnostics[1].message


@pytest.mark.parametrize("name", ["conv", "conv_1", "max_pool", "relu", "squeeze_excite"])
def test_no_name_of_an_operator_hides_what_lies_in_memory(name: str) -> None:
    """The names of an edge's operators say that they are one op: between them lies as much as before."""
    case = wide_inside()
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for node in model.graph.node:
        owner, _, operator = node.name.rpartition("/")
        node.name = f"{owner.rpartition('.')[0]}.{name}/{operator}" if owner.startswith("edges.") else node.name
    for provenance in (read_provenance(model), None):
        assert recount(model, MEMORY, provenance) == recount(case.model, MEMORY, provenance)
    assert codes(check(model.SerializeToString(), case)) == ["BSN513"]


# ---- metadata ----------------------------------------------------------------------------------------------------


def without_last(data: dict[str, Any]) -> None:
    data["live"] = data["live"][:-1]


def lowered(field: str, key: str, amount: int) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        value = data[field][key]
        data[field][key] = value - amount if isinstance(value, int) else [value[0] - amount, value[1]]

    return change


def shifted(data: dict[str, Any]) -> None:
    """The sum stays."""
    data["trainable"]["edges.x__a.conv"] -= 3
    data["trainable"]["edges.c__y.linear"] += 3


CLAIMS: dict[str, Callable[[dict[str, Any]], None]] = {
    "one edge fewer": without_last,
    "an edge of no one": lambda data: data["live"].append("x->z"),
    "a dropped edge": lambda data: data["live"].append("a->b#2"),
    "no edge": lambda data: data.update(live=[]),
    "another network": lambda data: data.update(graph_hash="0" * 64),
    "fewer trainable parameters": lowered("trainable", "edges.x__a.conv", 3),
    "fewer than are stored": lowered("trainable", "edges.c__y.linear", 1),
    "more trainable parameters": lowered("trainable", "edges.x__a.conv", -3),
    "as many, elsewhere": shifted,
    "no trainable parameters": lambda data: data.update(trainable={}),
    "a layer that is not there": lambda data: data["trainable"].update({"edges.z.conv": 0}),
    "fewer inputs of a node": lowered("node_inputs", "a", 1),
    "more inputs of a node": lowered("node_inputs", "a", -1),
    "no inputs of nodes": lambda data: data.update(node_inputs={}),
    "smaller nodes": lambda data: data["node_inputs"]["a"].__setitem__(1, 1),
    "a layer at low resolution that is not": lambda data: data["low_resolution"].append("edges.x__a.conv"),
    "an edge that takes no step": lambda data: data["wiring"]["x__a"].__setitem__(2, False),
    "an identity that takes a step": lambda data: data["wiring"]["a__c"].__setitem__(2, True),
    "an edge from elsewhere": lambda data: data["wiring"]["b__c"].__setitem__(0, "x"),
    "an edge to elsewhere": lambda data: data["wiring"]["x__b"].__setitem__(1, "c"),
    "no wiring": lambda data: data.update(wiring={}),
    "wiring in another order": lambda data: data.update(wiring=dict(reversed(data["wiring"].items()))),
    "an edge that waits for itself": lambda data: data["wiring"]["b__c"].__setitem__(0, "c"),
    "no layer at low resolution": lambda data: data.update(low_resolution=[]),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_false_metadata_is_not_believed(claim: str) -> None:
    case = exported("fabric")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    metadata(CLAIMS[claim])(model)
    assert read_provenance(model) is not None
    for bounds in (GENEROUS, case.bounds, []):
        result = check(model.SerializeToString(), case, bounds)
        assert "BSN513" in codes(result) and not result.met


@pytest.mark.parametrize(
    "value", ["", "{", "[]", "null", '{"version": 1}', pytest.param('{"surplus": 1}', id="surplus"), "\x00", "NaN"]
)
def test_metadata_that_cannot_be_read_is_refused(value: str) -> None:
    case = exported("fabric")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    model.metadata_props[0].value = value
    result = check(model.SerializeToString(), case, case.bounds[:1])
    assert codes(result) == ["BSN513"] and not result.met and "cannot be read" in result.diagnostics[0].message


@pytest.mark.parametrize("bounds", [{"flopz": 3.0}, {"flops": float("inf")}, {"memory": float("nan")}, {"flops": -1.0}])
def test_bounds_that_no_budget_has_are_refused(bounds: dict[str, float]) -> None:
    case = exported("fabric")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    metadata(lambda data: data.update(bounds=bounds))(model)
    assert codes(check(model.SerializeToString(), case)) == ["BSN513"]


def test_settings_of_the_program_cannot_be_changed_by_the_metadata() -> None:
    """They only tell which program to compare with: the comparison itself is by the graph."""
    case = exported("fabric")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    metadata(lambda data: data["settings"].update(layers=3))(model)
    assert check(model.SerializeToString(), case).met


# ---- without metadata --------------------------------------------------------------------------------------------

FLOPS, PARAMS = CostKey(name="flops"), CostKey(name="params")
VENIAT = CostKey(name="flops", options=(("count", "veniat2018"),))


def bare(case: Exported, *changes: Tamper) -> bytes:
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for change in changes:
        change(model)
    del model.metadata_props[:]
    return model.SerializeToString()


def test_without_metadata_a_warning_says_so_and_only_budgets_count() -> None:
    case = exported("vector")
    flops = case.costs[FLOPS]
    met, over = (check(bare(case), case, [(FLOPS, bound)]) for bound in (flops, flops - 1))
    assert codes(met) == ["BSN515"] and met.met and met.parity is None
    assert sorted(codes(over)) == ["BSN512", "BSN515"] and not over.met
    assert met.diagnostics[0].severity == "warning"


def test_without_metadata_a_cost_that_needs_it_cannot_be_recounted() -> None:
    case = exported("vector")
    result = check(bare(case), case, [(VENIAT, 1e12)])
    assert codes(result) == ["BSN516"] and not result.met


@pytest.mark.parametrize("name", ["fabric", "signal", "vector", "awkward"])
def test_without_metadata_parameters_are_all_that_the_file_stores(name: str) -> None:
    """Never more than before folding; running statistics, scales of resizing, axes and shapes are none."""
    case = exported(name)
    stored = {t.name: numpy_helper.to_array(t).size for t in case.model.graph.initializer if "." in t.name}
    expected = sum(size for tensor, size in stored.items() if "running_" not in tensor)
    result = check(bare(case), case, [(PARAMS, 1e12)])
    assert [row.value for row in result.budgets] == [expected] and expected <= case.costs[PARAMS]


@pytest.mark.parametrize("hide", [weights_beside_the_layers, weights_in_a_constant, weights_for_no_one])
def test_without_metadata_no_parameter_can_be_hidden(hide: Tamper) -> None:
    case = exported("fabric")
    plain, more = (check(bare(case, *changes), case, [(PARAMS, 1e12)]) for changes in ([], [hide]))
    assert more.budgets[0].value > plain.budgets[0].value


# ---- files -------------------------------------------------------------------------------------------------------

NOT_ONNX = {
    "nothing": b"",
    "text": b"network cnf(layers: int = 8) {}\n",
    "json": b'{"format": "onnx"}',
    "zeros": bytes(64),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "pickle": pickle.dumps({"weights": [1.0, 2.0]}),
    "zip": b"PK\x03\x04" + bytes(40),
    "an empty model": onnx.ModelProto(ir_version=10).SerializeToString(),
    "a tensor": numpy_helper.from_array(np.ones(4, dtype=np.float32)).SerializeToString(),
}


@pytest.mark.parametrize("what", NOT_ONNX)
def test_what_is_no_model_is_called_that(what: str) -> None:
    result = check(NOT_ONNX[what], exported("vector"))
    assert codes(result) == ["BSN511"] and not result.met


@law(60)
@given(st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_no_model(share: float) -> None:
    case = exported("vector")
    content = case.model.SerializeToString()
    result = check(content[: int(share * len(content))], case)
    assert not result.met or codes(result) == ["BSN515"]
    assert codes(result) in (["BSN511"], ["BSN515"])


@law(150)
@given(st.integers(0, 10**9), st.integers(1, 255), st.booleans())
def test_a_damaged_file_never_raises(place: int, change: int, keep_metadata: bool) -> None:
    """It is refused, or still holds: a byte of a weight is a byte of a weight."""
    case = exported("vector")
    content = bytearray(case.model.SerializeToString() if keep_metadata else bare(case))
    content[place % len(content)] ^= change
    result = check(bytes(content), case)
    assert result.met or codes(result)
