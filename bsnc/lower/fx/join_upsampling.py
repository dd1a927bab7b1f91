from __future__ import annotations

from torch import Tensor, fx, nn

from bsnc.lower.upsampled import follows_upsampling, upsampled_convolution


def join_upsampling(module: fx.GraphModule) -> fx.GraphModule:
    """The same network, of the same modules, that computes convolutions of upsampled images on the small image, where
    that is faster (`bsnc.lower.upsampled`). Exact up to rounding. Non-goal: what is exported."""
    pairs = {node: pair for node in module.graph.nodes if (pair := _pair(module, node)) is not None}
    gone = {node.args[0] for node in pairs}
    root, code, copies = nn.Module(), fx.Graph(), dict[fx.Node, fx.Node]()
    for name, child in module.named_children():
        root.add_module(name, child)
    for node in module.graph.nodes:
        if node in pairs:
            name = f"joined_{node.name}"
            root.add_module(name, UpsampledConvolution(*pairs[node]))
            copies[node] = code.call_module(name, (copies[node.args[0].args[0]],))
        elif node not in gone:
            copies[node] = code.node_copy(node, copies.__getitem__)
    return fx.GraphModule(root, code, class_name=type(module).__name__)


class UpsampledConvolution(nn.Module):
    """Two modules as one, on the small image or, where that is faster, one after the other."""

    def __init__(self, upsample: nn.Module, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.upsample, self.convolution = upsample, convolution

    def forward(self, x: Tensor) -> Tensor:
        if follows_upsampling(self.upsample, self.convolution, x):
            return upsampled_convolution(self.convolution, x)
        return self.convolution(self.upsample(x))


def _pair(module: fx.GraphModule, node: fx.Node) -> tuple[nn.Module, nn.Conv2d] | None:
    """Upsampling, and the convolution that alone takes what it gives, and is called here."""
    before = node.args[0] if node.op == "call_module" else None
    if not isinstance(before, fx.Node) or before.op != "call_module" or len(before.users) != 1:
        return None
    upsample, convolution = (module.get_submodule(str(call.target)) for call in (before, node))
    if isinstance(upsample, nn.Upsample) and isinstance(convolution, nn.Conv2d):
        return upsample, convolution
    return None
