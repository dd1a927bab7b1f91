"""The registry of ops. Torch-free; docs/ops.md is made from it."""

from bsnc.ops import activation, attention, conv, extern, linear, norm, pool, regular, shape
from bsnc.ops.extern import EXTERN, ExternFacts, Probe, extern_arguments, is_target
from bsnc.ops.op import Op, TorchCall, stored
from bsnc.ops.parameter import Arguments, OpParameter, Scalar, argument_text
from bsnc.ops.shapes import Shape, ShapeError, numel

_FAMILIES = (conv, linear, attention, norm, activation, pool, shape, regular, extern)

OPS: dict[str, Op] = {op.name: op for family in _FAMILIES for op in family.OPS}
"""Every op by name."""


def expand(name: str, arguments: Arguments) -> tuple[tuple[Op, dict[str, Scalar]], ...]:
    """An op with all its arguments: itself, or where it is a macro the ops that it stands for, with all of theirs."""
    op = OPS[name]
    if op.stands_for is None:
        return ((op, dict(arguments)),)
    return tuple(
        part for inner, given in op.stands_for(arguments) for part in expand(inner, _complete(OPS[inner], given))
    )


def _complete(op: Op, given: Arguments) -> dict[str, Scalar]:
    """Arguments in the order of the parameters, defaults filled in."""
    defaults = {p.name: p.default for p in op.parameters if p.default is not None}
    merged = {**defaults, **given}
    return {p.name: merged[p.name] for p in op.parameters}


__all__ = [
    "EXTERN",
    "OPS",
    "Arguments",
    "ExternFacts",
    "Op",
    "OpParameter",
    "Probe",
    "Scalar",
    "Shape",
    "ShapeError",
    "TorchCall",
    "argument_text",
    "expand",
    "extern_arguments",
    "is_target",
    "numel",
    "stored",
]
