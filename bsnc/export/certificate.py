"""The certificate: every budget held against the file that ships."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import onnx
import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]

from bsnc.export.metadata import Provenance
from bsnc.export.onnx_model import OPSET
from bsnc.export.parity import Parity
from bsnc.export.recount import recount
from bsnc.ir import CostKey, Frozen, every_cost


class BudgetRow(Frozen):
    """A budget, its bound and the cost recounted from the file, both in `unit`."""

    cost: str
    unit: str
    bound: float
    value: float
    met: bool


class Certificate(Frozen):
    """certificate.json. `costs` has every cost, budgeted or not."""

    format: Literal["bsnc-certificate"] = "bsnc-certificate"
    version: Literal[1] = 1
    network: str
    graph_hash: str
    spec_sha256: str
    model_sha256: str
    opset: int
    budgets: tuple[BudgetRow, ...]
    costs: dict[str, int]
    parity: Parity
    versions: dict[str, str]

    @property
    def met(self) -> bool:
        return all(row.met for row in self.budgets)


def budget_rows(
    model: onnx.ModelProto, bounds: Sequence[tuple[CostKey, float]], provenance: Provenance | None
) -> tuple[BudgetRow, ...]:
    """Recount the cost of every budget. Raises Diagnosed (BSN513, BSN516)."""
    rows: list[BudgetRow] = []
    for key, bound in bounds:
        value = recount(model, key, provenance)
        row = BudgetRow(cost=str(key), unit=key.signature.unit, bound=bound, value=value, met=value <= bound)
        rows.append(row)
    return tuple(rows)


def certify(
    model: onnx.ModelProto, provenance: Provenance, bounds: Sequence[tuple[CostKey, float]], parity: Parity
) -> Certificate:
    """The certificate of a model just exported. Raises Diagnosed (BSN513, BSN516)."""
    return Certificate(
        network=provenance.network,
        graph_hash=provenance.graph_hash,
        spec_sha256=provenance.spec_sha256,
        model_sha256=hashlib.sha256(model.SerializeToString()).hexdigest(),
        opset=OPSET,
        budgets=budget_rows(model, bounds, provenance),
        costs={str(key): recount(model, key, provenance) for key in every_cost()},
        parity=parity,
        versions={
            "bsnc": provenance.version,
            "onnx": onnx.__version__,
            "onnxruntime": str(ort.__version__),
        },
    )
