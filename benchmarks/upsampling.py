"""Which form of `upsample(2) | conv(channels, 3)` takes least time in ONNX Runtime? One thread.

Three forms that compute the same, borders included, from kernels made of the same 3×3 one:

- `plain`: Resize to the nearest neighbour, then the 3×3 convolution, 36 multiply-adds for each of Cin · Cout and
  position of the input;
- `transposed`: ConvTranspose of stride 2 with a 4×4 kernel, 16 of them;
- `phases`: a 2×2 convolution that gives the four phases of the output, DepthToSpace, and a border cut off: 16 of them,
  and one row and column more.

Each is timed alone, and between two 1×1 convolutions, where ONNX Runtime may keep a memory layout of its own. With
`--network` also the fabric of specs/cnf.bsn as bsnc exports it, with all its upsampled convolutions in each form.
Prints tables and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from inference import cnf
from interleaved import Run, in_onnx_runtime, ratio, seconds_of_runs
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from bsnc.lower.upsampled import transposed_kernel

Floats = NDArray[np.float32]
Part = tuple[list[NodeProto], list[TensorProto]]
Form = Callable[[str, str, str, Floats, Floats], Part]
"""Name, input, output, kernel [Cout, Cin, 3, 3] and bias [Cout] of the 3×3 convolution → operators and tensors."""
PLACES = ("alone", "between")
TOLERANCE = 1e-4


def four_by_four(kernel: Floats) -> Floats:
    """[Cin, Cout, 4, 4], as ConvTranspose has it."""
    return transposed_kernel(torch.from_numpy(kernel)).numpy()


def plain(name: str, x: str, y: str, kernel: Floats, bias: Floats) -> Part:
    settings = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    scales = np.array([1, 1, 2, 2], dtype=np.float32)
    resize = helper.make_node("Resize", [x, "", f"{name}.scales"], [f"{name}.large"], **settings)
    conv = helper.make_node("Conv", [f"{name}.large", *weights(name)], [y], pads=[1] * 4)
    return [resize, conv], tensors(name, scales=scales, kernel=kernel, bias=bias)


def transposed(name: str, x: str, y: str, kernel: Floats, bias: Floats) -> Part:
    node = helper.make_node("ConvTranspose", [x, *weights(name)], [y], strides=[2, 2], pads=[1] * 4)
    return [node], tensors(name, kernel=four_by_four(kernel), bias=bias)


def phases(name: str, x: str, y: str, kernel: Floats, bias: Floats) -> Part:
    """Phase (a, b) has taps a + 2 and a of the 4-kernel for a position and the one after it."""
    four = four_by_four(kernel).swapaxes(0, 1)
    taps = [four[:, :, [a + 2, a]][:, :, :, [b + 2, b]] for a in (0, 1) for b in (0, 1)]
    deep, wide = f"{name}.deep", f"{name}.wide"
    ends = {"start": np.array([1, 1]), "stop": np.array([-1, -1]), "axes": np.array([2, 3])}
    nodes = [
        helper.make_node("Conv", [x, *weights(name)], [deep], pads=[1] * 4),
        helper.make_node("DepthToSpace", [deep], [wide], blocksize=2),
        helper.make_node("Slice", [wide, *(f"{name}.{end}" for end in ends)], [y]),
    ]
    return nodes, tensors(name, kernel=np.concatenate(taps), bias=np.tile(bias, 4), **ends)


def weights(name: str) -> list[str]:
    return [f"{name}.kernel", f"{name}.bias"]


FORMS: dict[str, Form] = {"plain": plain, "transposed": transposed, "phases": phases}


def tensors(name: str, **values: NDArray[Any]) -> list[TensorProto]:
    return [numpy_helper.from_array(np.ascontiguousarray(value), f"{name}.{key}") for key, value in values.items()]


def small_model(form: Form, place: str, channels: int, size: int) -> bytes:
    """One upsampled convolution from random weights, the same for every form."""
    chance = np.random.default_rng(0)
    kernel = chance.standard_normal((channels, channels, 3, 3), dtype=np.float32) / (3 * channels**0.5)
    ends = chance.standard_normal((2, channels, channels, 1, 1), dtype=np.float32) / channels**0.5
    bias = chance.standard_normal(channels, dtype=np.float32)
    inner = ("x", "y") if place == "alone" else ("before", "after")
    nodes, stored = form("up", *inner, kernel, bias)
    stored += tensors("end", first=ends[0], last=ends[1])
    if place == "between":
        nodes.insert(0, helper.make_node("Conv", ["x", "end.first"], ["before"]))
        nodes.append(helper.make_node("Conv", ["after", "end.last"], ["y"]))
    shapes = (["batch", channels, size, size], ["batch", channels, 2 * size, 2 * size])
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip("xy", shapes, strict=True)]
    graph = helper.make_graph(nodes, "upsampling", values[:1], values[1:], stored)
    return in_opset(helper.make_model(graph)).SerializeToString()


def in_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    model.ir_version = 10
    model.opset_import[0].version = 20
    return model


def rewritten(content: bytes, form: Form) -> bytes:
    """A model with each convolution right after a Resize in another form."""
    model = onnx.load_from_string(content)
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    resized = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Resize"}
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[0] in resized:
            kernel, bias = (held[name] for name in node.input[1:])
            made, stored = form(node.name, resized[node.input[0]], node.output[0], kernel, bias)
            nodes += made
            model.graph.initializer.extend(stored)
        elif node.op_type != "Resize":
            nodes.append(node)
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    return model.SerializeToString()


def compare(models: dict[str, bytes], x: Floats, rounds: int, turn: float) -> dict[str, list[float]]:
    """Seconds of each form, each shown to compute the same."""
    runs = {name: in_onnx_runtime(content, x) for name, content in models.items()}
    expected = runs["plain"]()
    for name, run in runs.items():
        difference = float(np.abs(run() - expected).max() / np.abs(expected).max())
        assert difference < TOLERANCE, f"{name} computes something else, by {difference:.2g}"
    return seconds_of_runs(dict[str, Run](runs), rounds, turn)


def row(label: Iterable[object], taken: dict[str, list[float]]) -> str:
    gains = (f"{ratio(taken, 'plain', name):>10.2f}" for name in list(FORMS)[1:])
    cells = " ".join(f"{cell!s:>8}" for cell in label)
    return f"{cells} {1e3 * statistics.median(taken['plain']):>9.3f} ms {' '.join(gains)}"


def small_cells(args: argparse.Namespace) -> list[dict[str, object]]:
    results: list[dict[str, object]] = []
    print(f"{'':>8} {'batch':>8} {'channels':>8} {'size':>8} {'plain':>12}   plain / transposed, plain / phases")
    for place in PLACES:
        for batch, channels, size in cells(args.batches, args.channels, args.sizes):
            x = np.random.default_rng(1).standard_normal((batch, channels, size, size), dtype=np.float32)
            models = {name: small_model(form, place, channels, size) for name, form in FORMS.items()}
            taken = compare(models, x, args.rounds, args.turn)
            print(row((place, batch, channels, f"{size}→{2 * size}"), taken), flush=True)
            results.append({"place": place, "batch": batch, "channels": channels, "size": size, "seconds": taken})
    return results


def cells(*axes: Sequence[int]) -> Iterable[tuple[int, ...]]:
    return ((batch, channels, size) for batch in axes[0] for channels in axes[1] for size in axes[2])


def networks(args: argparse.Namespace) -> list[dict[str, object]]:
    """The fabric of each width."""
    results: list[dict[str, object]] = []
    print(f"{'':>8} {'batch':>8} {'channels':>8} {'plain':>12}   plain / transposed, plain / phases")
    for channels in args.network:
        given = argparse.Namespace(layers=args.layers, channels=channels, share=args.share, seed=0)
        content = cnf(given).model
        models = {name: content if name == "plain" else rewritten(content, form) for name, form in FORMS.items()}
        for batch in args.batches:
            x = np.random.default_rng(1).standard_normal((batch, 3, 32, 32), dtype=np.float32)
            taken = compare(models, x, args.rounds, args.turn)
            print(row(("cnf", batch, channels), taken), flush=True)
            results.append({"network": "cnf", "batch": batch, "channels": channels, "seconds": taken})
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 32])
    parser.add_argument("--channels", nargs="+", type=int, default=[8, 16, 32, 64, 128])
    parser.add_argument("--sizes", nargs="*", type=int, default=[2, 4, 8, 16, 32])
    parser.add_argument("--network", nargs="*", type=int, default=[8, 32, 64], help="channels of the fabric")
    parser.add_argument("--layers", type=int, default=4, help="of the fabric")
    parser.add_argument("--share", type=float, default=0.5, help="of its multiply-adds")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--turn", type=float, default=0.01, help="seconds of each in a round")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/upsampling.json"))
    args = parser.parse_args()
    results = {"convolutions": small_cells(args), "networks": networks(args)}
    versions = {"python": sys.version, "onnxruntime": ort.__version__}
    load = os.getloadavg() if hasattr(os, "getloadavg") else None
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({**versions, "load": load, **results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
