"""ONNX Runtime makes as few operators of an exported model as of the same network written by hand in torch."""

from collections import Counter
from pathlib import Path

import onnx
import onnxruntime as ort
import torch
from torch import Tensor, nn

from bsnc.export.onnx_model import plain_onnx
from bsnc.lower import fold_batch_norm, lower_static
from tests.laws.build import FIXED, conv, linear, network, upsample
from tests.laws.weights import randomise

CHANNELS = 16


class ByHand(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.same, self.down, self.up = (
            nn.Sequential(nn.Conv2d(inputs, CHANNELS, 3, stride, padding=1), nn.BatchNorm2d(CHANNELS))
            for inputs, stride in ((3, 1), (CHANNELS, 1), (CHANNELS, 2), (CHANNELS, 1))
        )
        self.large = nn.Upsample(scale_factor=2)
        self.head = nn.Linear(CHANNELS, 3)

    def forward(self, x: Tensor) -> Tensor:
        a = torch.relu(self.stem(x))
        b = torch.relu(self.down(a))
        c = torch.relu(self.same(a) + a + self.up(self.large(b)))
        return self.head(nn.functional.adaptive_avg_pool2d(c, 1).flatten(1))


def by_bsnc() -> onnx.ModelProto:
    links = [
        ("x", "a", [conv(CHANNELS), "batch_norm"], FIXED),
        ("a", "b", [conv(CHANNELS, stride=2), "batch_norm"], FIXED),
        ("a", "c", [conv(CHANNELS), "batch_norm"], FIXED),
        ("a", "c", ["identity"], FIXED),
        ("b", "c", [upsample(2), conv(CHANNELS), "batch_norm"], FIXED),
        ("c", "y", ["global_avg_pool", "flatten", linear(3)], FIXED),
    ]
    graph = network((3, 8, 8), {"a": ["relu"], "b": ["relu"], "c": ["relu"], "y": []}, links)
    plain = lower_static(graph).eval()
    randomise(plain)
    fold_batch_norm(plain)
    return plain_onnx(graph, plain)


def by_torch() -> onnx.ModelProto:
    module = ByHand().eval()
    randomise(module)
    program = torch.onnx.export(module, (torch.zeros(1, 3, 8, 8),), dynamo=True, verbose=False)
    assert program is not None
    return program.model_proto


def optimised(model: onnx.ModelProto, directory: Path) -> Counter[str]:
    """The operators that ONNX Runtime executes on this machine."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(directory / "optimised.onnx")
    ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node)


def test_a_model_becomes_no_more_operators_than_one_written_by_hand(tmp_path: Path) -> None:
    ours = optimised(by_bsnc(), tmp_path)
    assert ours == optimised(by_torch(), tmp_path)
    assert ours["BatchNormalization"] == ours["Identity"] == ours["Cast"] == ours["Constant"] == 0
