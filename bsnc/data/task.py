"""What the network predicts, and how far it is off."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def task_loss(outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy in nats per example, `[B]`."""
    return functional.cross_entropy(outputs, targets, reduction="none", label_smoothing=smoothing)
