"""Rows of metrics as numbers with names, as every tool for logs takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from bsnc.train import Row

_WHERE = ("phase", "epoch")


def scalars_of(row: Row, bounds: Mapping[str, float]) -> dict[str, float]:
    """`search/loss`, `search/cost/flops`, `search/of_bound/flops` (1 is the whole budget), … → number; what has none is
    left out."""
    numbers = {name: value for name, value in _flat("", row) if name not in _WHERE}
    costs = {name.removeprefix("cost/"): value for name, value in numbers.items() if name.startswith("cost/")}
    numbers |= {f"of_bound/{name}": value / bounds[name] for name, value in costs.items() if name in bounds}
    return {tag(f"{row['phase']}/{name}"): value for name, value in numbers.items()}


def tag(name: str) -> str:
    """`flops(count = veniat2018)` → `flops_count_veniat2018`: tools take letters, digits and few signs."""
    return re.sub(r"[^\w./-]+", "_", name).strip("_")


def _flat(prefix: str, row: Mapping[str, object]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, value in row.items():
        if isinstance(value, Mapping):
            found += _flat(f"{prefix}{name}/", cast(Mapping[str, object], value))
        elif isinstance(value, int | float):
            found.append((prefix + name, float(value)))
    return found
