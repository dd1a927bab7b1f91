"""Costs by name, as specs and reports write them, and budgets on them. What each counts: package `cost`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from bsnc.ir.graph import Frozen


@dataclass(frozen=True)
class CostSignature:
    """What the language knows of a cost: its unit in words, its dimension, its options (default first)."""

    unit: str
    dimension: Literal["count", "bytes", "seconds"]
    options: dict[str, tuple[str, ...]]


COST_SIGNATURES: dict[str, CostSignature] = {
    "flops": CostSignature("multiply-adds", "count", {"count": ("executed", "veniat2018")}),
    "params": CostSignature("parameters", "count", {}),
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
            if value not in signature.options.get(option, ()):
                raise ValueError(f"cost {self.name} has no {option} = {value}")
        return self

    @property
    def signature(self) -> CostSignature:
        return COST_SIGNATURES[self.name]

    def __str__(self) -> str:
        if not self.options:
            return self.name
        return f"{self.name}({', '.join(f'{option} = {value}' for option, value in self.options)})"


def every_cost() -> tuple[CostKey, ...]:
    """Every cost that needs no measuring, with every option that it has."""
    keys: list[CostKey] = []
    for name, signature in COST_SIGNATURES.items():
        keys.append(CostKey(name=name))
        for option, values in signature.options.items():
            keys += [CostKey(name=name, options=((option, value),)) for value in values[1:]]
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
        bound = f"{self.bound * 100:g}% of max" if self.of_max else f"{self.bound:.12g}"
        return f"{self.cost} <= {bound}"
