"""Costs by name, as specs and reports write them, and budgets on them. What each counts: package `cost`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, model_validator

from bsnc.ir.graph import Frozen
from bsnc.ops import is_target


@dataclass(frozen=True)
class CostOption:
    """An option of a cost: one of `names`, the first by default, a Python function as `package.module:function`, or an
    int from 1 to `highest`."""

    names: tuple[str, ...] = ()
    default: str | None = None
    is_function: bool = False
    highest: int = 2**63 - 1
    is_listed: bool = True
    """Whether `every_cost` has a cost with each of its names."""

    def accepts(self, value: str) -> bool:
        """Whether the text of a value is one of this option."""
        if self.is_function:
            return is_target(value)
        return value in self.names if self.names else value.isdecimal() and 1 <= int(value) <= self.highest


@dataclass(frozen=True)
class CostSignature:
    """What the language knows of a cost: its unit in words, its dimension, its options, and what tells it: the graph
    alone, measurements, or code of the user's own."""

    unit: str
    dimension: Literal["count", "bytes", "seconds"]
    options: dict[str, CostOption] = field(default_factory=dict[str, CostOption])
    source: Literal["graph", "measured", "code"] = "graph"

    @property
    def always_known(self) -> bool:
        """Whether it can be told of every graph without asking the user anything."""
        needs_option = any(option.default is None for option in self.options.values())
        return self.source == "graph" and not needs_option


def _names(*names: str) -> CostOption:
    return CostOption(names, names[0])


_FEW = CostOption(default="1", highest=4096)
"""Threads, or examples in one run: what one machine can be asked to do at once."""
COST_SIGNATURES: dict[str, CostSignature] = {
    "flops": CostSignature("multiply-adds", "count", {"count": _names("executed", "veniat2018")}),
    "params": CostSignature("parameters", "count"),
    "weights": CostSignature("bytes", "bytes"),
    "memory": CostSignature("bytes", "bytes", {"of": CostOption(("all", "tensors"), "all", is_listed=False)}),
    "steps": CostSignature("steps", "count", {"cores": CostOption()}),
    "latency": CostSignature(
        "seconds",
        "seconds",
        {"device": _names("cpu", "cuda"), "threads": _FEW, "batch": _FEW},
        source="measured",
    ),
    "extern": CostSignature("units", "count", {"function": CostOption(is_function=True)}, source="code"),
}


class CostKey(Frozen):
    """A cost with the options that differ from their defaults. `str` gives its text in a spec."""

    name: str
    options: tuple[tuple[str, str], ...] = ()

    @model_validator(mode="after")
    def _known(self) -> CostKey:
        signature = COST_SIGNATURES.get(self.name)
        if signature is None:
            raise ValueError(f"no cost named {self.name}")
        for option, value in self.options:
            if option not in signature.options or not signature.options[option].accepts(value):
                raise ValueError(f"cost {self.name} has no {option} = {value}")
        if signature.source == "code" and [option for option, _ in self.options] != ["function"]:
            raise ValueError(f"cost {self.name} needs one function")
        return self

    @property
    def signature(self) -> CostSignature:
        return COST_SIGNATURES[self.name]

    @property
    def function(self) -> str:
        """Of `extern`: the user's function, as `package.module:function`."""
        return dict(self.options)["function"]

    def number(self, option: str) -> int:
        """The value of an option that is a number, or its default."""
        default = self.signature.options[option].default
        return int(dict(self.options).get(option, default or "1"))

    def __str__(self) -> str:
        if not self.options:
            return self.name
        if self.signature.source == "code":
            return f'{self.name} "{self.function}"'
        return f"{self.name}({', '.join(f'{option} = {value}' for option, value in self.options)})"


def signature_of(text: str) -> CostSignature:
    """The signature of the cost whose text in a spec this is: `steps(cores = 4)`."""
    return COST_SIGNATURES[_name_in(text)]


def is_cost(text: str) -> bool:
    """The text names a cost that there is; whether its options are right is not looked at."""
    return _name_in(text) in COST_SIGNATURES


def _name_in(text: str) -> str:
    return text.partition("(")[0].partition(" ")[0]


def every_cost() -> tuple[CostKey, ...]:
    """Every cost that needs no measuring and no option, with every choice that its options give."""
    keys: list[CostKey] = []
    for name, signature in COST_SIGNATURES.items():
        if not signature.always_known:
            continue
        keys.append(CostKey(name=name))
        for option, values in signature.options.items():
            keys += [CostKey(name=name, options=((option, value),)) for value in values.names[1:] if values.is_listed]
    return tuple(keys)


class Budget(Frozen):
    """cost ≤ bound; with `of_max`, bound is a share of the cost of the whole S-network."""

    cost: CostKey
    bound: float = Field(gt=0)
    of_max: bool = False

    def resolve(self, maximum: float) -> float:
        """The bound in the cost's own unit, given the cost of the whole S-network."""
        return self.bound * maximum if self.of_max else self.bound

    def __str__(self) -> str:
        return f"{self.cost} <= {f'{self.bound * 100:g}% of max' if self.of_max else self._absolute()}"

    def _absolute(self) -> str:
        """The bound with a unit, where one belongs to it."""
        match self.cost.signature.dimension:
            case "bytes":
                return f"{self.bound:.12g}B"
            case "seconds":
                return f"{self.bound * 1e3:.12g}ms"
            case _:
                return f"{self.bound:.12g}"
