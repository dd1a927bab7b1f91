"""What the language itself defines, as Markdown: ops, functions, costs, sections and their values."""

from __future__ import annotations

import ast as python
import inspect
import textwrap
from functools import cache
from itertools import pairwise

from pydantic import BaseModel

from bsnc.ir import COST_SIGNATURES, SECTIONS, CostOption
from bsnc.ops import OPS, Op, OpParameter
from bsnc.sema import AGGREGATIONS, FUNCTIONS, KINDS, field_of, in_words, keys_of, usage


def signature(op: Op) -> str:
    """`conv(channels: int, kernel: int, groups: int = 1, …)`."""
    return f"{op.name}({', '.join(map(parameter_text, op.parameters))})" if op.parameters else op.name


def parameter_text(parameter: OpParameter) -> str:
    """`groups: int = 1`, `padding: half | valid = half`."""
    type_ = " | ".join(parameter.choices) or parameter.type
    default = "" if parameter.default is None else f" = {str(parameter.default).lower()}"
    return f"{parameter.name}: {type_}{default}"


def code(text: str) -> str:
    """A piece of a spec in Markdown."""
    return f"```bsn\n{text}\n```"


def builtin_text(name: str) -> str | None:
    """What a name means in expressions that nothing declares."""
    if name in OPS:
        return f"{code(signature(OPS[name]))}\n{OPS[name].summary}"
    if name in AGGREGATIONS:
        return f"`{name}`: how a node aggregates what its live in-edges deliver"
    return f"`{name}(…)`: a function of numbers or lists" if name in FUNCTIONS else None


def op_parameter_text(op: str, name: str) -> str | None:
    """A parameter of an op."""
    found = next((p for p in OPS[op].parameters if p.name == name), None) if op in OPS else None
    return None if found is None else code(parameter_text(found))


def cost_text(name: str) -> str | None:
    """What a budget may bound."""
    cost = COST_SIGNATURES.get(name)
    if cost is None:
        return None
    options = [f"- `{name} = {option_text(option)}`" for name, option in cost.options.items()]
    return "\n".join([f"cost `{name}`: {cost.unit}", *options])


def option_text(option: CostOption) -> str:
    """What an option of a cost accepts: `executed | veniat2018`, `int`."""
    if option.is_function:
        return '"package.module:function"'
    return " | ".join(option.names) or "int"


def section_text(name: str) -> str | None:
    """A section with its keys."""
    model = SECTIONS.get(name)
    return None if model is None else f"section `{name}`: {inspect.getdoc(model)}"


def key_text(model: type[BaseModel], key: str) -> str | None:
    """A key of a section or an argument of a value in one: what it accepts, its default, what it does."""
    if key not in keys_of(model):
        return None
    field = field_of(model, key)
    has_none = field.is_required() or field.default is None
    default = "" if has_none else f"; default {_default(field.default)}"
    return f"`{key}`: {in_words(field)}{default}\n\n{_field_docs(model).get(key, '')}".rstrip()


def kind_text(name: str) -> str | None:
    """A value that sections know by name."""
    model = KINDS.get(name)
    return None if model is None else f"{code(usage(model))}\n{inspect.getdoc(model)}"


def _default(value: object) -> str:
    return f"`{usage(type(value))}`" if isinstance(value, BaseModel) else f"`{str(value).lower()}`"


@cache
def _field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings below the fields of a model, by the key that a spec writes."""
    try:
        tree = python.parse(textwrap.dedent(inspect.getsource(model)))
    except OSError:
        return {}
    assert isinstance(tree.body[0], python.ClassDef)
    body, found = tree.body[0].body, dict[str, str]()
    for field, text in pairwise(body):
        match field, text:
            case python.AnnAssign(target=python.Name(id=name)), python.Expr(value=python.Constant(value=str(doc))):
                found[model.model_fields[name].alias or name] = inspect.cleandoc(doc)
            case _:
                pass
    return found
