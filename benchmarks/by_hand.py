"""The networks of two shipped specs as one would write them in torch, without bsnc."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class Basic(nn.Module):
    """Two convolutions and a shortcut, projected where the resolution changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = conv_bn(inputs, outputs, 3, stride)
        self.second = conv_bn(outputs, outputs, 3)
        self.shortcut = nn.Identity() if stride == 1 else conv_bn(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(torch.relu(self.first(x))) + self.shortcut(x))


class ResNet(nn.Module):
    """specs/resnet.bsn."""

    def __init__(self, depth: int = 20, width: int = 16, classes: int = 10) -> None:
        super().__init__()
        self.stem = conv_bn(3, width, 3)
        blocks: list[nn.Module] = []
        inputs = width
        for outputs, stride in ((width, 1), (2 * width, 2), (4 * width, 2)):
            blocks.append(Basic(inputs, outputs, stride))
            blocks += [Basic(outputs, outputs, 1) for _ in range((depth - 2) // 6 - 1)]
            inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(torch.relu(self.stem(x)))
        return self.head(x.mean(dim=(2, 3)))


Place = tuple[int, int]
"""Layer and scale."""


class Fabric(nn.Module):
    """An architecture of specs/cnf.bsn: `arrows` lead from place to place, to each node those that its sum adds up, in
    order; the image is the source None."""

    def __init__(self, arrows: list[tuple[Place | None, Place]], last: Place, channels: int, classes: int = 10) -> None:
        super().__init__()
        self.last = last
        self.into: dict[Place, list[tuple[Place | None, int]]] = {}
        self.steps = nn.ModuleList()
        for source, target in arrows:
            self.into.setdefault(target, []).append((source, len(self.steps)))
            self.steps.append(self._step(source, target, channels))
        self.head = nn.Linear(channels, classes)

    @staticmethod
    def _step(source: Place | None, target: Place, channels: int) -> nn.Module:
        inputs, change = (3, 0) if source is None else (channels, target[1] - source[1])
        layer = nn.Sequential(
            nn.Conv2d(inputs, channels, 3, stride=2 if change > 0 else 1, padding=1), nn.BatchNorm2d(channels)
        )
        return nn.Sequential(nn.Upsample(scale_factor=2), *layer) if change < 0 else layer

    def forward(self, image: Tensor) -> Tensor:
        held: dict[Place | None, Tensor] = {None: image}
        for place in sorted(self.into):
            total = None
            for source, number in self.into[place]:
                arriving = self.steps[number](held[source])
                total = arriving if total is None else total + arriving
            assert total is not None
            held[place] = torch.relu(total)
        return self.head(held[self.last].flatten(1))
