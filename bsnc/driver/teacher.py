"""The teacher of a run where it is a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bsnc.driver.files import read_bytes
from bsnc.export import check_teacher, load_teacher
from bsnc.ir import Onnx, Program

TEACHER = "teacher.onnx"
"""In the directory of a run, so that it can go on."""


@dataclass(frozen=True)
class TeacherFile:
    """A model that teaches, and what its file holds."""

    content: bytes
    ask: Callable[[Tensor], Tensor]


def read_teacher(program: Program, folder: Path, threads: int) -> TeacherFile | None:
    """The file that `train.distill` names, its path relative to `folder`, that of the spec; None where it names none.

    Raises Diagnosed (BSN001 no such file, BSN511 no model, BSN507 a model that does not fit the network).
    """
    distill = program.train.distill
    if distill is None or not isinstance(distill.teacher, Onnx):
        return None
    path = folder / distill.teacher.path
    content = read_bytes(path)
    teacher = load_teacher(path, content, threads)
    batch = torch.zeros(program.train.batch_size, *program.graph.input.shape)
    check_teacher(path, teacher, batch, program.graph.output.shape[0])
    return TeacherFile(content, teacher)


def kept_teacher(program: Program, run: Path, threads: int) -> TeacherFile | None:
    """The one that a run keeps. Raises as `read_teacher`."""
    distill = program.train.distill
    if distill is None or not isinstance(distill.teacher, Onnx):
        return None
    here = distill.model_copy(update={"teacher": Onnx(path=TEACHER)})
    train = program.train.model_copy(update={"distill": here})
    return read_teacher(program.model_copy(update={"train": train}), run, threads)
