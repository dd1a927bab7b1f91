"""A few networks, exported once a session: every op and activation, and what makes counting hard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import onnx
import torch
from torch import fx

from bsnc.cost import costs_of_masks
from bsnc.export import Certificate, Deployment, export_model
from bsnc.ir import CostKey, Graph, Program, every_cost, live_edges
from bsnc.lower import lower_static
from bsnc.passes import ApplyArchitecture

from .build import FIXED, conv, linear, network, pool, upsample
from .weights import examples, names_of, randomise

DEPLOYMENT = Deployment("5" * 64, ("nought", "one", "two"), (0.5,), (0.25,))


@dataclass(frozen=True)
class Exported:
    """An architecture of a program, its costs, and the model that was exported of it."""

    program: Program
    graph: Graph
    network: fx.GraphModule
    examples: np.ndarray
    costs: dict[CostKey, int]
    model: onnx.ModelProto
    certificate: Certificate

    @property
    def bounds(self) -> list[tuple[CostKey, float]]:
        """Budgets that are just met."""
        return [(key, float(cost)) for key, cost in self.costs.items()]


def fabric() -> tuple[Graph, list[str]]:
    """Convolutions of all kinds, resolutions up and down, batch norms that fold and that do not, a dropped edge."""
    links = [
        ("x", "a", [conv(3, bias=False), "batch_norm"], FIXED),
        ("x", "a", [pool("avg", 3), conv(4), "tanh", conv(3, 1, bias=False)]),
        ("x", "b", [conv(3, stride=2), "batch_norm", "leaky_relu"]),
        ("a", "b", [pool("max", 2, 2), "batch_norm"]),
        ("a", "b", [conv(3, stride=2, groups=3, bias=False), "batch_norm"]),
        ("a", "b", [conv(3, stride=2, dilation=2)]),
        ("b", "c", [upsample(2), conv(3), "batch_norm"]),
        ("a", "c", ["identity"]),
        ("c", "y", ["global_avg_pool", "flatten", linear(3)], FIXED),
        ("b", "y", ["flatten", linear(5), "relu", linear(3)]),
    ]
    return network((2, 4, 4), {"a": ["relu"], "b": ["silu"], "c": ["gelu"], "y": []}, links), ["a->b#2"]


def signal() -> tuple[Graph, list[str]]:
    """One spatial dimension; a batch norm that folds into the edge before; an upsampling that feeds another edge."""
    links = [
        ("signal", "h", [conv(3, 5), pool("max", 3, 2), "relu", conv(2)]),
        ("h", "k", ["batch_norm", upsample(2)]),
        ("k", "y", [conv(2, 3)]),
        ("signal", "y", [pool("avg", 2, 2), upsample(2), "identity", conv(2, 2, stride=2), upsample(2)]),
        ("signal", "y", ["identity"]),
    ]
    graph = network((2, 8), {"h": [], "k": [], "y": ["hard_swish"]}, links, source="signal")
    return graph, ["signal->y#1"]


def vector() -> tuple[Graph, list[str]]:
    """Linear layers, with batch norms that fold, in the middle and behind."""
    links = [
        ("x", "h", [linear(6, bias=False), "batch_norm", "relu"]),
        ("x", "h", [linear(6), "batch_norm", "sigmoid", linear(6, bias=False)]),
        ("h", "y", [linear(3), "batch_norm"], "g"),
        ("x", "y", ["sigmoid", linear(3)], "g"),
    ]
    return network((4,), {"h": ["tanh"], "y": ["sigmoid"]}, links), []


def awkward() -> tuple[Graph, list[str]]:
    """Names that the exporter gives to values too; twins that an optimiser would merge; two batch norms in a row."""
    links = [
        ("conv2d", "add", [pool("avg", 3), "batch_norm"]),
        ("conv2d", "add", [pool("avg", 3), "batch_norm"]),
        ("conv2d", "add", [conv(2), "batch_norm", "batch_norm"]),
        ("add", "relu", ["relu", conv(2), "relu"]),
        ("add", "relu", ["relu", "identity"]),
    ]
    return network((2, 4, 4), {"add": [], "relu": ["relu"]}, links, source="conv2d"), []


def through() -> tuple[Graph, list[str]]:
    """Nothing but the input."""
    graph = network((2, 2, 2), {"y": []}, [("x", "y", ["identity"]), ("x", "y", [conv(2)])])
    return graph, ["x->y#1"]


def aggregations() -> tuple[Graph, list[str]]:
    """Nodes that average, take the maximum and concatenate; one slot cut off, one filled with zeros."""
    links = [
        ("x", "m", [conv(3)], FIXED),
        ("x", "m", [conv(3, 1)], FIXED),
        ("x", "a", [conv(3)], FIXED),
        ("m", "a", ["identity"]),
        ("x", "c", [conv(2)]),
        ("a", "c", [conv(3)], FIXED),
        ("m", "z", [conv(1)], FIXED),
        ("x", "z", [conv(2)]),
        ("c", "y", ["relu", conv(4), "batch_norm"], FIXED),
        ("z", "y", ["prelu", conv(4)], FIXED),
    ]
    nodes = {"m": ["relu"], "a": [], "c": ["tanh"], "z": [], "y": []}
    shapes = {"c": (5, 4, 4), "z": (3, 4, 4)}
    kinds = {"m": "max", "a": "mean", "c": "concat", "z": "concat"}
    return network((2, 4, 4), nodes, links, shapes=shapes, aggregations=kinds), ["x->c", "x->z"]


CASES: dict[str, Callable[[], tuple[Graph, list[str]]]] = {
    "fabric": fabric,
    "signal": signal,
    "vector": vector,
    "awkward": awkward,
    "through": through,
    "aggregations": aggregations,
}


@cache
def exported(case: str) -> Exported:
    whole, dropped = CASES[case]()
    kept = [edge.name not in dropped for edge in whole.edges]
    return export_of(whole, kept, change=_make_twins if case == "awkward" else None)


def export_of(
    whole: Graph,
    kept: Sequence[bool] | None = None,
    change: Callable[[fx.GraphModule], None] | None = None,
    random: bool = True,
) -> Exported:
    """Export the architecture of some edges of a network, all by default. Its weights and running statistics are
    random, or those of a network that was never trained."""
    mask = torch.tensor([[*kept] if kept is not None else [True] * len(whole.edges)])
    live = torch.from_numpy(live_edges(whole, mask.numpy()))
    program = Program(graph=whole, settings={"layers": 2, "share": 0.5, "deep": True, "widths": (1, 2)})
    graph = ApplyArchitecture(names_of(whole, live[0])).run(whole).graph
    plain = lower_static(graph).eval()
    if random:
        randomise(plain)
    if change is not None:
        change(plain)
    inputs = examples(whole, 7, dtype=torch.float32).numpy()
    costs = {key: int(costs_of_masks(key, whole, mask)[0]) for key in every_cost()}
    bounds = [(key, float(max(cost, 1))) for key, cost in costs.items()]
    model, certificate = export_model(program, graph, plain, DEPLOYMENT, bounds, inputs)
    return Exported(program, graph, plain, inputs, costs, model, certificate)


def _make_twins(plain: fx.GraphModule) -> None:
    """What gradient descent does to twins: it leaves them alike."""
    one = plain.get_submodule("edges.conv2d__add.batch_norm")
    plain.get_submodule("edges.conv2d__add__1.batch_norm").load_state_dict(one.state_dict())
