"""Writes docs/errors.md, docs/ops.md and the sections of docs/language.md from the tables in the code.

`python docs/make_reference.py`

A test holds the committed files against `pages()`.
"""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel

from bsnc.diagnostics import CODES, Code, explain
from bsnc.ir import SECTIONS, config
from bsnc.ops import OPS, Op, OpParameter, Scalar, Shape, ShapeError, argument_text, expand
from bsnc.sema.accepts import KINDS, field_of, in_words, keys_of, usage

HERE = Path(__file__).parent
GENERATED = "<!-- Written by docs/make_reference.py. Do not edit. -->\n"

GROUPS = {
    "BSN0": "Files and options",
    "BSN1": "Syntax",
    "BSN2": "Names, types, shapes",
    "BSN3": "The graph",
    "BSN4": "Budgets",
    "BSN5": "Training and models",
}

FAMILIES = {
    "multiplying": "Layers that multiply",
    "normalisation": "Normalisation",
    "activation": "Activations",
    "pooling": "Pooling",
    "shape": "Changes of shape",
    "attention": "Attention",
    "regularisation": "Regularisation",
}

SAMPLES: dict[str, Scalar] = {"channels": 32, "kernel": 3, "features": 10, "factor": 2, "groups": 4, "size": 4}
"""Values for required parameters, in examples."""
SHAPES: tuple[Shape, ...] = ((16, 32, 32), (64,))
"""Inputs for examples: the first that an op takes."""


def pages() -> dict[Path, str]:
    """Every generated page, by where it belongs."""
    language = HERE / "language.md"
    return {
        HERE / "errors.md": errors_page(),
        HERE / "ops.md": ops_page(),
        language: with_sections(language.read_text(encoding="utf-8")),
    }


# ---- errors ----


def errors_page() -> str:
    parts = [
        GENERATED,
        "# Diagnostics",
        "Each message carries a code; `bsnc explain CODE` prints its entry. The exit status is 0 when there are only "
        "warnings, 1 when the spec or the model is at fault, 2 when the call or the machine is. `tests/golden` shows "
        "every message in full.",
    ]
    for prefix, title in GROUPS.items():
        parts.append(f"# {title}")
        parts += [_code_entry(code, entry) for code, entry in CODES.items() if code.startswith(prefix)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _code_entry(code: str, entry: Code) -> str:
    status = 0 if entry.severity == "warning" else 2 if entry.environment else 1
    return explain(code).replace(f"*{entry.severity}*", f"*{entry.severity}, exit status {status}*")


# ---- ops ----


def ops_page() -> str:
    parts = [
        GENERATED,
        "# Ops",
        "What may stand in a module: `conv(16, 3) | batch_norm | relu`. Shapes are those of one example, channels "
        "first. Multiply-adds are what the cost `flops` counts, parameters what `params` counts. Arguments are given "
        "by position, in the order shown, or by name. A `size` is an int for all spatial dimensions, as in "
        "`conv(16, 3)`, or a list of one int for each, as in `conv(16, [1, 7])`; where names are listed, one of them "
        "is given as it is, as in `upsample(2, mode = bilinear)`.",
    ]
    for family, title in FAMILIES.items():
        parts.append(f"# {title}")
        parts += [_op_entry(op) for op in OPS.values() if op.family == family]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _op_entry(op: Op) -> str:
    lines = [f"## `{op.name}`", "", f"`{_signature(op)}`", "", op.summary, ""]
    lines += [f"- {fact}" for fact in _facts(op)]
    return "\n".join(lines)


def _signature(op: Op) -> str:
    parameters = ", ".join(_parameter(p) for p in op.parameters)
    return f"{op.name}({parameters})" if parameters else op.name


def _parameter(parameter: OpParameter) -> str:
    typed = f"{parameter.name}: {' | '.join(parameter.choices) or parameter.type}"
    return typed if parameter.default is None else f"{typed} = {argument_text(parameter.default)}"


def _facts(op: Op) -> list[str]:
    bounds = [f"`{p.name}` {p.bounds_text}" for p in op.parameters if p.bounds_text]
    facts = [f"Accepted: {', '.join(bounds)}." if bounds else "", _example(op)]
    facts.append("May also stand in a node, after its aggregation." if op.activation else "")
    return [fact for fact in facts if fact]


def _example(op: Op) -> str:
    """What the op's own rules say of one input."""
    given = {p.name: SAMPLES[p.name] if p.default is None else p.default for p in op.parameters}
    source, (target, multiply_adds, parameters) = next(
        (shape, applied) for shape in SHAPES if (applied := _applied(op, given, shape)) is not None
    )
    required = ", ".join(argument_text(SAMPLES[p.name]) for p in op.parameters if p.required)
    call = f"{op.name}({required})" if required else op.name
    costs = f"{_counted(multiply_adds, 'multiply-add')}, {_counted(parameters, 'parameter')}"
    return f"`{call}` makes {list(source)} into {list(target)}: {costs}."


def _applied(op: Op, given: dict[str, Scalar], shape: Shape) -> tuple[Shape, int, int] | None:
    """Output shape, multiply-adds and parameters; None where the op does not take the shape."""
    multiply_adds = parameters = 0
    try:
        for part, arguments in expand(op.name, given):
            target = part.output_shape(arguments, shape)
            multiply_adds += part.multiply_adds(arguments, shape, target)
            parameters += part.parameter_count(arguments, shape, target)
            shape = target
    except ShapeError:
        return None
    return shape, multiply_adds, parameters


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


# ---- sections ----

BEGIN = "<!-- Keys of sections: written by docs/make_reference.py. -->"
END = "<!-- End of the keys of sections. -->"


def with_sections(page: str) -> str:
    """The page with the part between BEGIN and END made anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, "language.md has no place for the keys of sections"
    return f"{before}{begin}\n\n{sections_text()}\n\n{end}{after}"


def sections_text() -> str:
    """A table for each section, then one of what its values may call."""
    docs = _field_docs()
    parts: list[str] = []
    for name, model in SECTIONS.items():
        rows = [_key_row(model, key, docs) for key in keys_of(model)]
        parts += [f"### `{name}`", "\n".join(["| key | accepts | default | |", "|---|---|---|---|", *rows])]
    rows = [_kind_row(model) for model in KINDS.values()]
    parts += ["### Values with arguments", "\n".join(["| | arguments | |", "|---|---|---|", *rows])]
    return "\n\n".join(parts)


def _key_row(model: type[BaseModel], key: str, docs: dict[tuple[str, str], str]) -> str:
    field = field_of(model, key)
    name = next(name for name, other in model.model_fields.items() if other is field)
    return f"| `{key}` | {in_words(field)} | `{_spelled(field.default)}` | {docs[model.__name__, name]} |"


def _kind_row(model: type[BaseModel]) -> str:
    return f"| `{usage(model).removesuffix('()')}` | {_arguments(model)} | {_one_line(model.__doc__ or '')} |"


def _arguments(model: type[BaseModel]) -> str:
    return "; ".join(f"`{key}` {in_words(field_of(model, key))}" for key in keys_of(model))


def _spelled(value: object) -> str:
    """A default as a spec writes it."""
    if isinstance(value, BaseModel):
        kind = type(value).model_fields["kind"].default
        given = ", ".join(f"{key} = {_spelled(getattr(value, key))}" for key in keys_of(type(value)))
        return f"{kind}({given})" if given else str(kind)
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_spelled, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _field_docs() -> dict[tuple[str, str], str]:
    """(class, field) → the string below the field."""
    found: dict[tuple[str, str], str] = {}
    for item in ast.parse(inspect.getsource(config)).body:
        if not isinstance(item, ast.ClassDef):
            continue
        for field, below in pairwise(item.body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
                assert isinstance(below.value, ast.Constant)
                found[item.name, field.target.id] = _one_line(below.value.value)
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
