"""A compiled spec: graph, budgets and sections, and the one place where it becomes JSON and back."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import Field, ValidationError

from bsnc.diagnostics import first_line
from bsnc.ir.budget import Budget
from bsnc.ir.config import DataConfig, SearchConfig, TrainConfig
from bsnc.ir.graph import Frozen, Graph
from bsnc.ir.verify import verify

FORMAT_VERSION = 2
Setting = int | float | bool | str | tuple[int | float | bool | str, ...]
"""A value that a parameter of a network was given from outside."""


class Program(Frozen):
    """Everything that a spec says, elaborated. `settings` are the parameters that the network was given."""

    format: Literal["bsnc-ir"] = "bsnc-ir"
    version: Literal[2] = FORMAT_VERSION
    graph: Graph
    budgets: tuple[Budget, ...] = ()
    search: SearchConfig = SearchConfig()
    train: TrainConfig = TrainConfig()
    data: DataConfig = DataConfig()
    settings: dict[str, Setting] = Field(default_factory=dict)


class IrFormatError(ValueError):
    """Text that is not the JSON of a program of this version."""


def dump_program(program: Program) -> str:
    """JSON with a fixed order of keys: equal programs give equal text."""
    return program.model_dump_json(by_alias=True, indent=1) + "\n"


def load_program(text: str) -> Program:
    """The program of a JSON text. Raises IrFormatError when it is damaged or of another version."""
    try:
        program = Program.model_validate_json(text)
        verify(program.graph)
    except (ValidationError, AssertionError) as error:
        raise IrFormatError(first_mistake(error)) from error
    return program


def first_mistake(error: ValidationError | AssertionError) -> str:
    """What is wrong with a JSON text, and where in it."""
    if isinstance(error, AssertionError):
        return first_line(error)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"`{place}`: {first['msg']}" if place else first["msg"]


def graph_hash(graph: Graph) -> str:
    """SHA-256 over the JSON of a graph: equal for equal S-networks, however their specs are written and wherever their
    gates start."""
    data = graph.model_dump(mode="json", exclude={"gates": {"__all__": {"init"}}})
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
