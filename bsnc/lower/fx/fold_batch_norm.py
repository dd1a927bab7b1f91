from __future__ import annotations

import copy

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval


def fold_batch_norm(module: fx.GraphModule) -> dict[str, int]:
    """Fold each batch norm into the convolution or linear layer right before it on the same edge, in place.

    Exact in evaluation mode up to rounding. A batch norm after anything else, even at the end of another edge (so that
    what an edge costs does not depend on its neighbours), after an output that is used
    elsewhere too, or after a layer that is called elsewhere too, stays. Returns, for each module that took any in,
    the number of trainable parameters that folding removed: scales and shifts, less the bias that it may have added.
    """
    assert not module.training, "batch statistics cannot be folded in training mode"
    removed: dict[str, int] = {}
    for node in list(module.graph.nodes):
        target = _foldable(module, node)
        if target is None:
            continue
        before = node.args[0]
        norm = module.get_submodule(str(node.target))
        layer = module.get_submodule(target)
        count = _trainable(layer) + _trainable(norm)
        fused = _fuse(layer, norm)
        module.set_submodule(target, fused)
        removed[target] = removed.get(target, 0) + count - _trainable(fused)
        node.replace_all_uses_with(before)
        module.graph.erase_node(node)
    module.delete_all_unused_submodules()
    module.recompile()
    return removed


def _foldable(module: fx.GraphModule, node: fx.Node) -> str | None:
    """The layer that a batch norm call can be folded into, by its target."""
    if node.op != "call_module" or not isinstance(module.get_submodule(str(node.target)), _NORMS):
        return None
    before = node.args[0]
    if not isinstance(before, fx.Node) or before.op != "call_module" or len(before.users) != 1:
        return None
    if str(before.target).rpartition(".")[0] != str(node.target).rpartition(".")[0]:
        return None
    if sum(other.op == "call_module" and other.target == before.target for other in module.graph.nodes) > 1:
        return None
    layer = module.get_submodule(str(before.target))
    return str(before.target) if isinstance(layer, (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear)) else None


_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d)
_Transposed = nn.ConvTranspose1d | nn.ConvTranspose2d


def _fuse(layer: nn.Module, norm: nn.Module) -> nn.Module:
    assert isinstance(norm, _NORMS)
    with torch.no_grad():
        if isinstance(layer, nn.Linear):
            return fuse_linear_bn_eval(layer, norm)
        if isinstance(layer, _TRANSPOSED):
            return _fuse_transposed(layer, norm)
        assert isinstance(layer, _CONVOLUTIONS)
        return fuse_conv_bn_eval(layer, norm)


def _fuse_transposed(layer: _Transposed, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> _Transposed:
    """W · s and (b − mean) · s + shift with s = scale / √(variance + ε), per output channel.

    torch's `fuse_conv_bn_eval` is wrong for groups: weights are [in, out / groups, …], in the order of the groups.
    """
    fused = copy.deepcopy(layer)
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    grouped = layer.weight.unflatten(0, (layer.groups, -1))
    per_group = scale.reshape(layer.groups, 1, -1, *(1 for _ in layer.kernel_size))
    fused.weight = nn.Parameter((grouped * per_group).flatten(0, 1))
    bias = layer.bias if layer.bias is not None else torch.zeros_like(mean)
    fused.bias = nn.Parameter((bias - mean) * scale + norm.bias)
    return fused


def _trainable(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
