"""The certificate: every budget held against the file that ships."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import onnx
import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]

from bsnc.export.amount import ModelCosts
from bsnc.export.latency import LatencyMeasurement
from bsnc.export.metadata import Provenance
from bsnc.export.onnx_model import OPSET
from bsnc.export.parity import Parity
from bsnc.ir import CostKey, Frozen, every_cost, exactly, signature_of

Bounds = Sequence[tuple[CostKey, float]]
"""Costs and what bounds them, in the cost's unit."""


class BudgetRow(Frozen):
    """A budget, its bound and the cost of the file, both in `unit`. Of a measured cost `low` and `high` bound the 95%
    confidence interval, and the budget is met where all of that is within the bound."""

    cost: str
    unit: str
    bound: float
    value: float
    low: float
    high: float
    told: Literal["recounted", "measured", "called"]
    met: bool

    def said(self) -> str:
        """The cost in words, and its interval where there is one."""
        signature = signature_of(self.cost)
        value = exactly(self.value, signature)
        if self.told != "measured":
            return value
        return f"{value} (95% interval {exactly(self.low, signature)} to {exactly(self.high, signature)})"

    def over(self) -> str:
        """By how much the bound is exceeded, in words."""
        signature = signature_of(self.cost)
        bound = exactly(self.bound, signature, unit=False)
        if self.value <= self.bound:
            return f"{self.said()}, not surely within the bound of {bound}"
        return f"{self.said()}, {self.value / self.bound - 1:.1%} over the bound of {bound}"


class Certificate(Frozen):
    """certificate.json. `costs` has every cost that can be recounted without options, budgeted or not."""

    format: Literal["bsnc-certificate"] = "bsnc-certificate"
    version: Literal[2] = 2
    network: str
    graph_hash: str
    spec_sha256: str
    model_sha256: str
    opset: int
    budgets: tuple[BudgetRow, ...]
    costs: dict[str, int]
    measurements: dict[str, LatencyMeasurement]
    parity: Parity
    versions: dict[str, str]

    @property
    def met(self) -> bool:
        return all(row.met for row in self.budgets)


def budget_rows(costs: ModelCosts, bounds: Bounds) -> tuple[tuple[BudgetRow, ...], dict[str, LatencyMeasurement]]:
    """The cost of every budget, and what was measured. Raises Diagnosed as `ModelCosts.amount`."""
    rows: list[BudgetRow] = []
    measurements: dict[str, LatencyMeasurement] = {}
    for key, bound in bounds:
        amount = costs.amount(key)
        row = BudgetRow(
            cost=str(key),
            unit=key.signature.unit,
            bound=bound,
            value=amount.value,
            low=amount.low,
            high=amount.high,
            told=amount.told,
            met=amount.high <= bound,
        )
        rows.append(row)
        measurements |= {str(key): amount.measurement} if amount.measurement else {}
    return tuple(rows), measurements


def certify(costs: ModelCosts, provenance: Provenance, bounds: Bounds, parity: Parity) -> Certificate:
    """The certificate of a model just exported. Raises Diagnosed as `ModelCosts.amount`."""
    rows, measurements = budget_rows(costs, bounds)
    return Certificate(
        network=provenance.network,
        graph_hash=provenance.graph_hash,
        spec_sha256=provenance.spec_sha256,
        model_sha256=hashlib.sha256(costs.model.SerializeToString()).hexdigest(),
        opset=OPSET,
        budgets=rows,
        costs={str(key): costs.file.of(key) for key in every_cost()},
        measurements=measurements,
        parity=parity,
        versions={
            "bsnc": provenance.version,
            "onnx": onnx.__version__,
            "onnxruntime": str(ort.__version__),
        },
    )
