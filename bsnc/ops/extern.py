"""Modules of the user's own: Python classes that a spec names with `extern`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from bsnc.ops.op import Op, TorchCall
from bsnc.ops.parameter import Arguments, OpParameter, Scalar, integer
from bsnc.ops.shapes import Shape

EXTERN = "extern"
_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def is_target(text: str) -> bool:
    """Whether a text names something in a Python module, as `package.module:name`."""
    return _TARGET.fullmatch(text) is not None


class ExternFacts(NamedTuple):
    """What the compiler has to know of a module: the shape that it delivers, and its costs for one example."""

    shape: Shape
    multiply_adds: int
    parameters: int


Probe = Callable[[str, Mapping[str, object], Shape], ExternFacts]
"""Builds `package.module:Class` with keyword arguments and runs it on an input of a shape. Raises Diagnosed."""


def extern_arguments(target: str, given: Mapping[str, object], facts: ExternFacts) -> dict[str, Scalar]:
    """The arguments of the op `extern`: complete, so that no graph needs the class itself to be counted."""
    return {
        "target": target,
        "given": json.dumps(dict(given), sort_keys=True),
        "shape": facts.shape,
        "multiply_adds": facts.multiply_adds,
        "parameters": facts.parameters,
    }


def _torch(arguments: Arguments, shape: Shape) -> TorchCall:  # noqa: ARG001
    given = cast(dict[str, Any], json.loads(str(arguments["given"])))
    return TorchCall(str(arguments["target"]), given)


OPS = (
    Op(
        name=EXTERN,
        family="own",
        summary='A module of one\'s own, written `extern "package.module:Class"(…)`; its shape and costs are '
        "declared or measured. Only under `--allow-extern`.",
        parameters=(
            OpParameter("target", "text"),
            OpParameter("given", "text"),
            OpParameter("shape", "size", minimum=1),
            OpParameter("multiply_adds", "int", minimum=0),
            OpParameter("parameters", "int", minimum=0),
        ),
        output_shape=lambda arguments, shape: cast(Shape, arguments["shape"]),  # noqa: ARG005
        multiply_adds=lambda arguments, source, target: integer(arguments, "multiply_adds"),  # noqa: ARG005
        parameter_count=lambda arguments, source, target: integer(arguments, "parameters"),  # noqa: ARG005
        torch=_torch,
    ),
)
