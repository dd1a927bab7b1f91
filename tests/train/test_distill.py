"""The loss of distillation, by hand."""

import math

import pytest
import torch
from torch.nn import functional

from bsnc.ir import Distill
from bsnc.train.distill import Distillation


def test_the_loss_is_the_formula() -> None:
    """Two classes, T = 2: the teacher says 3/4 with logits that differ by 2 ln 3, the student 1/2."""
    teacher = torch.tensor([[2 * math.log(3), 0.0]])
    distillation = Distillation(Distill(temperature=2.0, weight=0.25), lambda _: teacher)
    found = distillation.losses(torch.tensor([8.0]), torch.tensor([[1.0, 1.0]]), torch.zeros(1, 1))
    assert found.tolist() == pytest.approx([0.75 * 8 + 0.25 * 4 * math.log(2)])


def test_the_loss_of_each_example_and_its_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, outputs = torch.randn(2, 5, 4, generator=generator)
    outputs.requires_grad_()
    distillation = Distillation(Distill(temperature=3.0, weight=1.0), lambda inputs: inputs)
    losses = distillation.losses(torch.zeros(5), outputs, logits)
    soft = torch.tensor([[math.exp(z / 3) for z in row] for row in logits.tolist()])
    soft /= soft.sum(1, keepdim=True)
    assert torch.allclose(losses, -9 * (soft * functional.log_softmax(outputs / 3, 1)).sum(1))
    losses.sum().backward()
    assert torch.allclose(outputs.grad, 3 * (functional.softmax(outputs / 3, 1) - soft), atol=1e-6)


def test_the_teacher_learns_nothing() -> None:
    teacher = torch.nn.Linear(3, 2)
    outputs = torch.zeros(1, 2, requires_grad=True)
    Distillation(Distill(), teacher).losses(torch.zeros(1), outputs, torch.ones(1, 3)).sum().backward()
    assert teacher.weight.grad is None and outputs.grad is not None
