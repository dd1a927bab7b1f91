"""What a plain network keeps in memory, by walking its code: each value has a place, freed after its last use."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import fx, nn

from bsnc.ir import Graph, makes_tensor
from bsnc.lower import fold_batch_norm
from bsnc.lower.aggregate import Add, Divide, Maximum
from bsnc.lower.layers import SqueezeExcite

VIEWS = (nn.Flatten, nn.Identity, nn.Dropout)
MOVES = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.Linear)
IN_PLACE = (Add, Divide, Maximum, SqueezeExcite, nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.Softmax)
ACTIVATIONS = "torch.nn.modules.activation"


def may_need_less(graph: Graph, narrow: set[str]) -> bool:
    """A node that does nothing but hold what another holds, or that is brought what is there already before its second
    arrival, not last; or a concatenation that may have zeros in it."""
    for number, node in enumerate(graph.nodes):
        arriving = [graph.edges[e] for e in graph.in_edges[number]]
        if len(arriving) == 1 and not makes_tensor(arriving[0]) and not node.activations:
            return True
        made = sum(map(makes_tensor, arriving))
        if not node.slots and 1 < made < len(arriving):
            return True
        if len(node.slots) > 1 and (node.name not in narrow or not all(map(makes_tensor, arriving))):
            return True
    return False


@dataclass
class Place:
    """Bytes, and who made it: an edge or a node."""

    size: int
    maker: str
    users: list[int] = field(default_factory=list)


def works_in_place(module: nn.Module) -> bool:
    return isinstance(module, IN_PLACE) or type(module).__module__ == ACTIVATIONS


def peak(network: fx.GraphModule, example: torch.Tensor, target_of: dict[str, str]) -> int:
    """Most bytes of tensors at once, for the example `[1, …]`; batch norms are folded. `target_of`: edge → node, as the
    code names them."""
    fold_batch_norm(network)
    fx.passes.shape_prop.ShapeProp(network).propagate(example)
    places: dict[fx.Node, Place] = {}
    moments: list[list[Place]] = []
    for moment, call in enumerate(network.graph.nodes):
        operands = [places[node] for node in call.all_input_nodes]
        if call.op == "output":
            operands[0].users.append(moment)
            moments.append([])
            continue
        place = place_of(network, call, operands, target_of, moment, places)
        for operand in operands:
            operand.users.append(moment)
        place.users.append(moment)
        places[call] = place
        moments.append([*operands, place])
    everything = {id(place): place for place in places.values()}.values()
    spans = [(min(place.users), max(place.users), place.size) for place in everything]
    return max(sum(size for first, last, size in spans if first <= t <= last) for t in range(len(moments) - 1))


def place_of(
    network: fx.GraphModule,
    call: fx.Node,
    operands: list[Place],
    target_of: dict[str, str],
    moment: int,
    places: dict[fx.Node, Place],
) -> Place:
    size = 4 * call.meta["tensor_meta"].shape.numel()
    if call.op == "placeholder":
        return Place(size, "input")
    module = network.get_submodule(str(call.target))
    kind, owner, _ = str(call.target).split(".", 2)
    if isinstance(module, VIEWS):
        return operands[0]
    if works_in_place(module):
        for operand in operands:
            maker = operand.maker if kind == "edges" else target_of.get(operand.maker, operand.maker)
            if maker == owner and operand.size == size and is_over(operand, call, places):
                return operand
    return Place(size, owner)


def is_over(place: Place, call: fx.Node, places: dict[fx.Node, Place]) -> bool:
    """No value that lies here is read by another call than this one after it."""
    after = False
    for other in call.graph.nodes:
        if after and any(places.get(node) is place for node in other.all_input_nodes):
            return False
        after = after or other is call
    return True
