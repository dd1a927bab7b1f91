"""The teacher of a run where it is a file, or a module of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from bsnc.diagnostics import Diagnosed, Diagnostic, error_in_short
from bsnc.driver.files import permit_code, read_bytes
from bsnc.driver.given import load_function
from bsnc.export import check_teacher, load_teacher, module_teacher
from bsnc.ir import ExternTeacher, Onnx, Program

TEACHER = "teacher.onnx"
"""In the directory of a run, so that it can go on."""


@dataclass(frozen=True)
class TeacherFile:
    """A model that teaches, and what its file holds; None of a module."""

    content: bytes | None
    ask: Callable[[Tensor], Tensor]


def read_teacher(program: Program, folder: Path, threads: int) -> TeacherFile | None:
    """The file that `train.distill` names, its path relative to `folder`, that of the spec, or a module of the user's
    own, imported from there or from wherever Python finds it; None where it names neither.

    Raises Diagnosed (BSN001 no such file, BSN511 no model, BSN507 a model that does not fit the network; BSN218 of the
    user's own code).
    """
    distill = program.train.distill
    if distill is not None and isinstance(distill.teacher, ExternTeacher):
        return _module(distill.teacher, program, folder)
    if distill is None or not isinstance(distill.teacher, Onnx):
        return None
    path = folder / distill.teacher.path
    content = read_bytes(path)
    teacher = load_teacher(path, content, threads)
    check_teacher(path, teacher, _batch(program), program.graph.output.shape[0])
    return TeacherFile(content, teacher)


def _module(chosen: ExternTeacher, program: Program, folder: Path) -> TeacherFile:
    """This runs the user's code: only programs that were allowed to name such a teacher may be given."""
    permit_code(folder)
    subject = f'extern "{chosen.function}"'
    make = cast(Callable[..., object], load_function(chosen.function))
    try:
        found = make(**chosen.arguments)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise Diagnosed(Diagnostic("BSN218", f"it fails: {error_in_short(error)}", subject=subject)) from None
    if not isinstance(found, nn.Module):
        message = f"it gives an object of type {type(found).__name__}, not a torch module"
        raise Diagnosed(Diagnostic("BSN218", message, subject=subject))
    ask = module_teacher(found)
    check_teacher(subject, ask, _batch(program), program.graph.output.shape[0])
    return TeacherFile(None, ask)


def _batch(program: Program) -> Tensor:
    return torch.zeros(program.train.batch_size, *program.graph.input.shape)


def kept_teacher(program: Program, run: Path, threads: int) -> TeacherFile | None:
    """The one that a run keeps, or a module, made anew. Raises as `read_teacher`."""
    distill = program.train.distill
    if distill is not None and isinstance(distill.teacher, Onnx):
        here = distill.model_copy(update={"teacher": Onnx(path=TEACHER)})
        train = program.train.model_copy(update={"distill": here})
        program = program.model_copy(update={"train": train})
    return read_teacher(program, run, threads)
