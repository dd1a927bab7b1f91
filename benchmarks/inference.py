"""How long does a network of bsnc take where it is deployed, against the same network written by hand in torch?

The exported model.onnx in ONNX Runtime, its batch free as it ships and set to a size as it is loaded, against a module
of the same architecture and weights: exported plainly by `torch.onnx.export` for that size and run in ONNX Runtime; run
by torch, channels first and channels last; and compiled by `torch.compile` with freezing, where there is a C++
compiler. One thread. Prints a table and writes JSON.

    python benchmarks/inference.py --networks resnet cnf --batches 1 32
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import re
import statistics
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from by_hand import Fabric, Place, ResNet
from compare import random_architecture
from interleaved import Run, in_onnx_runtime, ratio, seconds_of_runs
from torch import Tensor, fx, nn

from bsnc.driver import check_spec
from bsnc.export import Deployment, export_model
from bsnc.ir import Graph, Program
from bsnc.lower import lower_static
from bsnc.sema import Overrides

SPECS = Path(__file__).parents[1] / "specs"
OURS, FIXED = "bsnc in ONNX Runtime", "bsnc, its batch fixed"
TOLERANCE = 1e-4
"""Of outputs, relative to the greatest of them."""


@dataclass(frozen=True)
class Contest:
    """One network: the model that bsnc exports, and the module written by hand, with its weights."""

    name: str
    model: bytes
    by_hand: nn.Module


def resnet(args: argparse.Namespace) -> Contest:  # noqa: ARG001
    program = program_of("resnet.bsn")
    return contest("resnet", program, program.graph, lambda network: ResNet())  # noqa: ARG005


def cnf(args: argparse.Namespace) -> Contest:
    program = program_of("cnf.bsn", f"layers={args.layers}", f"channels={args.channels}")
    graph = random_architecture(program, args.share, torch.Generator().manual_seed(args.seed))
    return contest(f"cnf, {args.share:.0%}", program, graph, lambda network: fabric_of(network, args.channels))


NETWORKS: dict[str, Callable[[argparse.Namespace], Contest]] = {"resnet": resnet, "cnf": cnf}


def program_of(spec: str, *settings: str) -> Program:
    analysis = check_spec(SPECS / spec, Overrides(settings, ()))
    assert analysis.program is not None, analysis.diagnostics
    return analysis.program


def contest(name: str, program: Program, graph: Graph, write: Callable[[fx.GraphModule], nn.Module]) -> Contest:
    network = lower_static(graph)
    by_hand = write(network)
    examples = noise(16, graph.input.shape)
    estimate_statistics(network, torch.from_numpy(examples))
    copy_weights(network, by_hand)
    model, _ = export_model(program, graph, network, Deployment("0" * 64, (), (), ()), [], examples)
    return Contest(name, model.SerializeToString(), by_hand.eval())


def fabric_of(network: fx.GraphModule, channels: int) -> Fabric:
    """The same steps in the same order."""
    edges = [name.split("__") for name, _ in network.get_submodule("edges").named_children()]
    places = [(place_of(source), place_of(target)) for source, target in edges]
    last = next(source for source, target in places if target is None)
    assert last is not None
    return Fabric([(source, target) for source, target in places if target is not None], last, channels)


def place_of(node: str) -> Place | None:
    found = re.fullmatch(r"h_(\d+)_(\d+)", node)
    return (int(found[1]), int(found[2])) if found else None


def noise(batch: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((batch, *shape), dtype=np.float32)


@torch.no_grad()
def estimate_statistics(network: nn.Module, examples: Tensor) -> None:
    """Of batch norms, so that folding them changes something."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    network.train()(examples)
    for norm in norms:
        norm.momentum = 0.1


def copy_weights(network: nn.Module, by_hand: nn.Module) -> None:
    """Both have the same layers in the same order; outputs that differ would tell otherwise."""
    values = list(network.state_dict().values())
    names = list(by_hand.state_dict())
    by_hand.load_state_dict(dict(zip(names, values, strict=True)))


def contenders(found: Contest, x: np.ndarray) -> dict[str, Run]:
    """What runs against what, by name, each shown to compute the same."""
    example = torch.from_numpy(x)
    last = example.to(memory_format=torch.channels_last)
    module = found.by_hand
    runs: dict[str, Run] = {
        OURS: in_onnx_runtime(found.model, x),
        FIXED: in_onnx_runtime(found.model, x, fixed="batch"),
        "by hand in ONNX Runtime": in_onnx_runtime(plain_export(module, example), x),
        "torch": lambda: module(example),
    }
    expected = module(example).numpy()
    channels_last = clone(module).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    runs["torch, channels last"] = lambda: channels_last(last)
    compiled = compile_frozen(clone(module), example)
    if compiled is not None:
        runs["torch.compile, freezing"] = compiled
    for name, run in runs.items():
        difference = float(np.abs(np.asarray(run()) - expected).max() / np.abs(expected).max())
        assert difference < TOLERANCE, f"{name} computes something else, by {difference:.2g}"
    return runs


def clone(module: nn.Module) -> nn.Module:
    content = io.BytesIO()
    torch.save(module, content)
    content.seek(0)
    return torch.load(content, weights_only=False)


def plain_export(module: nn.Module, example: Tensor) -> bytes:
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(module, (example,), dynamo=True, verbose=False)
    assert program is not None
    return program.model_proto.SerializeToString()


def compile_frozen(module: nn.Module, example: Tensor) -> Run | None:
    """None, with a message, where it cannot be compiled: torch then lacks a C++ compiler, as a rule."""
    import torch._inductor.config as inductor

    inductor.freezing = True
    torch._dynamo.reset()  # type: ignore[no-untyped-call]
    compiled = torch.compile(module)
    try:
        compiled(example)
    except Exception as error:  # what a compiler raises has no other base class
        print(f"torch.compile is left out: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        return None
    return lambda: compiled(example)


def row(taken: dict[str, list[float]], name: str) -> str:
    median = 1e3 * statistics.median(taken[name])
    least = 1e3 * min(taken[name])
    return f"  {name:<26} {least:>8.2f} ms {median:>8.2f} ms {ratio(taken, OURS, name):>8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 32])
    parser.add_argument("--layers", type=int, default=8, help="of the fabric")
    parser.add_argument("--channels", type=int, default=32, help="of the fabric")
    parser.add_argument("--share", type=float, default=0.3, help="of the multiply-adds of the whole fabric")
    parser.add_argument("--seed", type=int, default=0, help="of the architecture that is drawn")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--turn", type=float, default=0.05, help="seconds of each in a round")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/inference.json"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    results: list[dict[str, object]] = []
    for name in args.networks:
        found = NETWORKS[name](args)
        for batch in args.batches:
            taken = measure(found, batch, args)
            best = min((n for n in taken if n not in (OURS, FIXED)), key=lambda n: statistics.median(taken[n]))
            shares = " and ".join(f"{ratio(taken, name, best):.2f}" for name in (OURS, FIXED))
            print(f"{found.name}, batch {batch}: {shares} of the best, {best}")
            print(f"  {'':<26} {'least':>11} {'median':>11} {'bsnc / it':>9}")
            print("\n".join(row(taken, name) for name in taken), flush=True)
            results.append({"network": found.name, "batch": batch, "seconds": taken})
    versions = {"python": sys.version, "torch": torch.__version__, "onnxruntime": ort.__version__}
    shown = {**versions, "load": os.getloadavg() if hasattr(os, "getloadavg") else None, "results": results}
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")


@torch.no_grad()
def measure(found: Contest, batch: int, args: argparse.Namespace) -> dict[str, list[float]]:
    runs = contenders(found, noise(batch, (3, 32, 32)))
    return seconds_of_runs(runs, args.rounds, args.turn)


if __name__ == "__main__":
    main()
