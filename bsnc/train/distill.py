"""Knowledge distillation: a network learns from the outputs of a teacher beside the labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from bsnc.ir import Distill

Teacher = Callable[[Tensor], Tensor]
"""Normalised inputs `[B, …]` → logits `[B, classes]`."""


@dataclass(frozen=True)
class Distillation:
    """What a teacher adds to the loss of a student."""

    config: Distill
    teacher: Teacher

    def losses(self, of_labels: Tensor, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Losses `[B]` of the labels and logits `[B, classes]` of the student → losses `[B]`:
        (1 − w) · of the labels + w · T² · H(softmax(teacher / T), softmax(student / T)) (Hinton et al., 2015), with
        the cross-entropy H in nats."""
        weight, temperature = self.config.weight, self.config.temperature
        with torch.no_grad():
            soft = functional.softmax(self.teacher(inputs).to(outputs.device) / temperature, 1)
        of_teacher = functional.cross_entropy(outputs / temperature, soft, reduction="none")
        return (1 - weight) * of_labels + weight * temperature**2 * of_teacher
