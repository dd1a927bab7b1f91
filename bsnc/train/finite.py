"""Where numbers stop being numbers: in which batch, and at which edge first."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, fx, nn

from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import Graph
from bsnc.lower import edge_attributes
from bsnc.train.machine import Machine

HELP = "lower the learning rate, `lr` of `train.optimizer`, or clip gradients: `train { clip = 1 }`"


def check_finite(
    losses: Tensor,
    graph: Graph,
    network: fx.GraphModule,
    inputs: tuple[Tensor, ...],
    batch: str,
    machine: Machine,
) -> None:
    """Raises Diagnosed (BSN502) where a loss of a batch, of `losses` on the CPU, is infinite or undefined, naming the
    batch and the first edge of the network, which was lowered from `graph`, that gives no finite numbers. All processes
    have all losses, and each its own `inputs`."""
    if bool(torch.isfinite(losses).all()):
        return
    message = f"the loss is not finite in {batch}"
    edge = _first_of_all(_first_broken_edge(graph, network, inputs), graph, machine)
    notes = (f"edge `{edge}` is the first that gives no finite numbers",) if edge else ()
    raise Diagnosed(Diagnostic("BSN502", message, subject="train", notes=notes, help=HELP))


@torch.no_grad()
def check_weights(network: nn.Module, after: str) -> None:
    """Raises Diagnosed (BSN502) where a weight or a statistic of batches is infinite or undefined."""
    for name, value in network.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            notes = (f"`{name}` is the first that is not",)
            raise Diagnosed(
                Diagnostic("BSN502", f"weights are not finite after {after}", subject="train", notes=notes, help=HELP)
            )


@torch.no_grad()
def _first_broken_edge(graph: Graph, network: fx.GraphModule, inputs: tuple[Tensor, ...]) -> str | None:
    """Runs the batch once more, with an eye on what each op of an edge gives."""
    broken: list[str] = []

    def watch(attribute: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_: nn.Module, arguments: object, output: object) -> None:  # noqa: ARG001
            if isinstance(output, Tensor) and not bool(torch.isfinite(output).all()):
                broken.append(attribute)

        return hook

    parts = [(name.split("."), module) for name, module in network.named_modules()]
    handles = [m.register_forward_hook(watch(name[1])) for name, m in parts if name[0] == "edges" and len(name) > 1]
    try:
        network(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    names = {attribute: name for name, attribute in edge_attributes(graph).items()}
    return names.get(broken[0]) if broken else None


def _first_of_all(edge: str | None, graph: Graph, machine: Machine) -> str | None:
    """The edge of the first process that found one."""
    names = [edge.name for edge in graph.edges]
    numbers = machine.gather(torch.tensor([-1 if edge is None else names.index(edge)])).tolist()
    return next((names[number] for number in numbers if number >= 0), None)
